import { describe, expect, it } from 'vitest';

const { explainCamera } = (await import(
  new URL('../../../../../../src/api/pages/demo/photos/camera.js', import.meta.url).href
)) as { explainCamera: (name: string) => string };

describe('explainCamera', () => {
  it.each([
    ['NotAllowedError', 'may not use the camera'],
    ['NotFoundError', 'has no camera'],
    ['NotReadableError', 'another program'],
    ['InsecureContext', 'HTTPS'],
    ['SomethingNewError', '(SomethingNewError)'],
  ])('says what to do about %s', (name, text) => {
    expect(explainCamera(name)).toContain(text);
  });
});
