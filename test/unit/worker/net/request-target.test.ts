import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkUrl, createAddressPolicy } from '../../../../src/shared/net/address-policy.js';
import { requestTargetOf, resolveLocation } from '../../../../src/worker/net/request-target.js';

const policy = createAddressPolicy({ allowedPrivateHosts: [], allowedImageHosts: [], allowedPorts: [] });

/** Pieces of URLs that parsers read in different ways. */
const pieces = fc.array(
  fc.constantFrom(
    ...['/', '//', '?', '#', '.', '..', '%2e', '%2F', '%', ':', '@', '&', '=', ';', '\\', ' ', "'", '{', '}'],
    ...[
      'a',
      'B',
      '0',
      'é',
      '写',
      '｡',
      '／',
      'http:',
      'https://',
      'cdn.acme.com',
      '10.0.0.1',
      '[::1]',
      '\t',
      '\n',
    ],
  ),
  { maxLength: 12 },
);
const urls = pieces.map((rest) => `https://cdn.acme.com${rest.join('')}`);

/** Returns the URL as it was judged, or undefined if it was refused. */
function judged(text: string): URL | undefined {
  try {
    return checkUrl(text, policy, 'image');
  } catch {
    return undefined;
  }
}

describe('requestTargetOf', () => {
  it('names the resource that was judged, on the host that was judged, in ASCII', () => {
    let accepted = 0;

    fc.assert(
      fc.property(urls, (text) => {
        const url = judged(text);
        if (!url) return;
        accepted += 1;
        const target = requestTargetOf(text);
        url.hash = '';
        expect(target).toMatch(/^\/[!-~]*$/);
        expect(new URL(url.origin + target).href).toBe(url.href);
      }),
      { numRuns: 1_000 },
    );

    expect(accepted).toBeGreaterThan(20);
  });
});

describe('resolveLocation', () => {
  it('leads where the URL parser would go, wherever it is allowed', () => {
    const base = 'https://cdn.acme.com/photos/a.jpg?x=1';

    fc.assert(
      fc.property(pieces, (parts) => {
        const location = parts.join('');
        const text = resolveLocation(Buffer.from(location, 'utf8').toString('latin1'), base);
        const url = judged(text);
        if (!url || !URL.canParse(location, base)) return;
        const expected = new URL(location, base);
        url.hash = '';
        expected.hash = '';
        expect(url.href).toBe(expected.href);
      }),
      { numRuns: 1_000 },
    );
  });
});
