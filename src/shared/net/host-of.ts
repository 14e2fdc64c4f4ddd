/** Returns the host and port of a URL; empty for a missing or invalid one. */
export function hostOf(url: string | undefined): string {
  return url !== undefined && URL.canParse(url) ? new URL(url).host : '';
}
