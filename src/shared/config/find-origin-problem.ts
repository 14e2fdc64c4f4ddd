/** Returns what is wrong with an entry of CORS_ORIGINS, as a sentence, or undefined. Browsers send no path and no slash. */
export function findOriginProblem(entry: string): string | undefined {
  const isWeb = /^https?:/i.test(entry);
  const matches = isWeb
    ? URL.canParse(entry) && new URL(entry).origin === entry
    : /^[a-z][a-z0-9+.-]*:\/\/[^/\s?#@*]+$/.test(entry);
  return matches
    ? undefined
    : `"${entry}" never equals an origin that browsers send, like https://app.example`;
}
