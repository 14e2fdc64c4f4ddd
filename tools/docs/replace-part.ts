/**
 * Returns `document` with new text between the comments `<!-- name: made by npm run docs -->` and `<!-- /name -->`.
 * @throws Error if the document has no such comments.
 */
export function replacePart(document: string, name: string, text: string): string {
  const start = `<!-- ${name}: made by npm run docs -->`;
  const end = `<!-- /${name} -->`;
  const from = document.indexOf(start);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the document has no part between ${start} and ${end}`);
  return `${document.slice(0, from)}${start}\n\n${text}\n\n${document.slice(to)}`;
}
