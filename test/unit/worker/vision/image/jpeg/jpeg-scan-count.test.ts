import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { countJpegScans } from '../../../../../../src/worker/vision/image/jpeg/jpeg-scan-count.js';
import { exifSegment, manyScanJpeg, withJpegSegments } from '../../../../../support/builders/jpeg-builder.js';
import { samplePhoto } from '../../../../../support/photos/photos.js';

describe('countJpegScans', () => {
  it('finds one scan in a baseline photo', () => {
    expect(countJpegScans(samplePhoto(1), 100)).toBe(1);
  });

  it('finds the scans of a progressive photo', async () => {
    const progressive = await sharp(samplePhoto(1)).jpeg({ progressive: true }).toBuffer();

    expect(countJpegScans(progressive, 100)).toBe(10);
  });

  it('counts no further than one over the limit', () => {
    const bomb = manyScanJpeg({ width: 64, height: 64, scans: 500 });

    expect(countJpegScans(bomb, 1000)).toBe(500);
    expect(countJpegScans(bomb, 100)).toBe(101);
  });

  it('does not count the scans of a thumbnail in the EXIF data', () => {
    const thumbnail = manyScanJpeg({ width: 8, height: 8, scans: 300 });

    expect(countJpegScans(withJpegSegments(samplePhoto(1), [exifSegment(thumbnail)]), 100)).toBe(1);
  });

  it('does not count a second picture behind the first', () => {
    const second = manyScanJpeg({ width: 8, height: 8, scans: 300 });

    expect(countJpegScans(Buffer.concat([samplePhoto(1), second]), 100)).toBe(1);
  });

  it('steps over garbage, padding and restart markers between segments as libjpeg does', () => {
    const scan = Buffer.from([0xff, 0xda, 0, 2]);
    const between = Buffer.from([0x12, 0xff, 0x00, 0xff, 0xd3, 0xff, 0x01, 0xff, 0xff]);
    const file = Buffer.concat([
      Buffer.from([0xff, 0xd8]),
      scan,
      between,
      scan.subarray(1),
      between,
      scan.subarray(1),
    ]);

    expect(countJpegScans(file, 100)).toBe(3);
  });

  it('ends on any bytes', () => {
    const markers = fc.array(fc.constantFrom(0xff, 0xda, 0xd8, 0xd9, 0x00, 0x01, 0x02), { maxLength: 400 });

    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 400 }), markers.map(Uint8Array.from.bind(Uint8Array))),
        (bytes) => {
          expect(countJpegScans(bytes, 5)).toBeLessThanOrEqual(6);
        },
      ),
    );
  });
});
