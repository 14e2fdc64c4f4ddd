export interface ExplainedVariable {
  readonly name: string;
  /** The text after `=`; empty where the variable has no default. */
  readonly value: string;
  /** The comment above it, on one line; variables that follow one another share it. */
  readonly explanation: string;
  readonly section: string;
}

export interface EnvExample {
  /** The comment at the top. */
  readonly preface: readonly string[];
  readonly variables: readonly ExplainedVariable[];
}

/** Reads the text of .env.example: `## section`, then blocks of `# comment` lines with one or more `#NAME=default` below. */
export function readEnvExample(text: string): EnvExample {
  const [top = '', ...blocks] = text.trim().split(/\n\n(?=## )/);
  return {
    preface: top.split('\n').map((line) => line.replace(/^# ?/, '')),
    variables: blocks.flatMap((block) => {
      const [title = '', ...paragraphs] = block.split('\n\n');
      return paragraphs.flatMap((paragraph) => readParagraph(paragraph, title.replace(/^## /, '')));
    }),
  };
}

function readParagraph(paragraph: string, section: string): readonly ExplainedVariable[] {
  const lines = paragraph.split('\n');
  const explanation = lines
    .filter((line) => line.startsWith('# '))
    .map((line) => line.slice(2))
    .join(' ');
  return lines.flatMap((line) => {
    const match = /^#?([A-Z][A-Z0-9_]*)=(.*)$/.exec(line);
    return match ? [{ name: match[1] ?? '', value: match[2] ?? '', explanation, section }] : [];
  });
}
