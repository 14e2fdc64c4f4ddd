import { describe, expect, it } from 'vitest';

interface ExplainPhoto {
  readonly explainUrl: (text: string) => string;
  readonly explainFile: (file: { type: string; size: number }, maxBytes: number) => string;
  readonly formatBytes: (bytes: number) => string;
}

const { explainUrl, explainFile, formatBytes } = (await import(
  new URL('../../../../../../src/api/pages/demo/photos/explain-photo.js', import.meta.url).href
)) as ExplainPhoto;

describe('explainUrl', () => {
  it.each(['', 'https://example.com/a.jpg', 'http://127.0.0.1:8336/front1.jpg'])('accepts %j', (text) => {
    expect(explainUrl(text)).toBe('');
  });

  it.each([
    ['front1.jpg', 'This is not a complete URL. It starts with https:// or http://.'],
    ['javascript:alert(1)', 'The URL must start with https:// or http://.'],
  ])('says what is wrong with %j', (text, reason) => {
    expect(explainUrl(text)).toBe(reason);
  });
});

describe('explainFile', () => {
  it.each([
    ['image/jpeg', 10_000_000],
    ['image/heic', 1],
    ['', 1],
  ])('leaves it to the service to judge a file of type %j with %i bytes', (type, size) => {
    expect(explainFile({ type, size }, 10_000_000)).toBe('');
  });

  it.each([
    ['application/pdf', 1, 'This file is not a photo. Choose a JPEG, PNG or WebP.'],
    ['image/jpeg', 0, 'This file is empty.'],
    ['image/jpeg', 12_345_678, 'This photo is too large: 12.3 MB. The service accepts up to 10.5 MB.'],
  ])('says what is wrong with a file of type %j with %i bytes', (type, size, reason) => {
    expect(explainFile({ type, size }, 10_485_760)).toBe(reason);
  });
});

describe('formatBytes', () => {
  it.each([
    [400, '1 kB'],
    [811_345, '812 kB'],
    [3_449_999, '3.4 MB'],
  ])('writes %i bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
