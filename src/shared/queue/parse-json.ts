/** Parses JSON; undefined if the text is not JSON, because one bad record must not stop the others. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
