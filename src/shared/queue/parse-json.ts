/** Returns what the text says; undefined when it is not JSON: one bad record must not stop those beside it. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
