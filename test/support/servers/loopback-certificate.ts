import { readFileSync } from 'node:fs';

/** Returns the self-signed key and certificate of photos.acme.com, as PEM. */
export function readLoopbackCertificate(): { readonly key: string; readonly cert: string } {
  const read = (part: string) =>
    readFileSync(new URL(`../../fixtures/loopback-${part}.pem`, import.meta.url), 'utf8');
  return { key: read('key'), cert: read('cert') };
}
