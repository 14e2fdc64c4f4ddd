import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPhotoParser, sendPhoto } from '../../../../../src/worker/vision/process/photo-pipe.js';

/** Returns the bytes that a pipe carries for these photos. */
async function sent(photos: readonly Uint8Array[]): Promise<Buffer> {
  const pipe = new PassThrough({ highWaterMark: 1e9 });
  for (const photo of photos) sendPhoto(pipe, photo);
  pipe.end();
  const chunks: Buffer[] = [];
  pipe.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(pipe, 'end');
  return Buffer.concat(chunks);
}

function receivedInPieces(carried: Buffer, cuts: readonly number[]): Uint8Array[] {
  const photos: Uint8Array[] = [];
  const accept = createPhotoParser((photo) => photos.push(photo));
  const ends = [...cuts.map((cut) => cut % (carried.length + 1)), carried.length].toSorted((a, b) => a - b);
  let start = 0;
  for (const end of ends) {
    // Overwritten afterwards, as the socket's own buffer is.
    const piece = Buffer.from(carried.subarray(start, end));
    accept(piece);
    piece.fill(0xaa);
    start = end;
  }
  return photos;
}

describe('a pipe of photos', () => {
  it('returns every photo complete, whatever the chunks', async () => {
    const photo = fc.uint8Array({ maxLength: 300 });
    const cuts = fc.array(fc.nat(2_000), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fc.array(photo, { maxLength: 6 }), cuts, async (photos, at) => {
        const received = receivedInPieces(await sent(photos), at);

        expect(received.map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(
          photos.map((bytes) => Buffer.from(bytes).toString('hex')),
        );
      }),
    );
  });

  it('sends the part of a larger buffer that is the photo, and no more', async () => {
    const larger = Uint8Array.from({ length: 100 }, (_, index) => index);
    const carried = await sent([larger.subarray(10, 20)]);

    expect(carried.length).toBe(4 + 10);
    expect(receivedInPieces(carried, [])).toEqual([larger.slice(10, 20)]);
  });

  it('returns each photo in its own array', async () => {
    const [first, second] = receivedInPieces(await sent([Uint8Array.of(1, 2), Uint8Array.of(3, 4)]), []);
    second?.fill(0);

    expect(first).toEqual(Uint8Array.of(1, 2));
  });
});
