/** Codes that Node and OpenSSL use for a failed handshake or certificate. */
const TLS_CODE = /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|EPROTO$)/;

/** Returns the code of a failed network call, such as ECONNREFUSED; else the error's name. */
export function networkCodeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/** True for the codes of a failed TLS handshake or a certificate that is not trusted. */
export function isTlsCode(code: string): boolean {
  return TLS_CODE.test(code);
}
