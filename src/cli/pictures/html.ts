/** Text that is HTML already and must not be escaped again. */
export interface Html {
  readonly html: string;
}

type Part = string | number | Html | readonly Html[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Returns a template's text with every value escaped that is not HTML itself; lists of HTML are joined. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return {
    html: texts.map((text, index) => (index === 0 ? text : render(parts[index - 1]) + text)).join(''),
  };
}

function render(part: Part | undefined): string {
  if (part === undefined) return '';
  if (typeof part === 'object') return 'html' in part ? part.html : part.map((item) => item.html).join('\n');
  return String(part).replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}
