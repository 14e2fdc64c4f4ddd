import { jpegSegment, withJpegSegments } from '../builders/jpeg-builder.js';

/** A colour ramp of 48 × 32 px (red grows to the right, green downwards, blue is 128) in arithmetic coding, by cjpeg 2.1.5. */
export const ARITHMETIC_RAMP = {
  sequential: Buffer.from(
    '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUfGhsjHBYWICwgIyYnKSopGR8tMC0oMCUoKSj/2wBDAQcHBwoIChMKChMoGhYaKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCj/yQARCAAgADADASIAAhEBAxEB/8wACgAQEAUBEBEF/9oADAMBAAIRAxEAPwD/AMl4TD5PdD6ARGFv92Bx1NyIOM5Z3SJA2bIOHQenDRLekEuTpSappUThT/bz+mArzhwg1gZuopftCWNuIA9LtIcNGmLYW6m32zOR95+fupwDq+DHyzdD1S1vdcbOPveRDynwBUL+hOUvQVPj8CA7BxahaoHRJldg/9k=',
    'base64',
  ),
  progressive: Buffer.from(
    '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUfGhsjHBYWICwgIyYnKSopGR8tMC0oMCUoKSj/2wBDAQcHBwoIChMKChMoGhYaKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCj/ygARCAAgADADASIAAhEBAxEB/8wABgAQARD/2gAMAwEAAhADEAAAAf8AkrlWi6HI1ms0DEEpArj5lwTAxc7H2MktSP3pgP/MAAQQBf/aAAgBAQABBQIS++pHoqq4rRXP3cooQ8D/zAAEEQX/2gAIAQMBAT8BFU3otjqJzh+Q/8wABBEF/9oACAECAQE/AUrFogK/tyP/zAAEEAX/2gAIAQEABj8CsP/MAAQQBf/aAAgBAQABPyHTQF3Vh/d1WMcg/9oADAMBAAIAAwAAABCof1zoqP/MAAQRBf/aAAgBAwEBPxBQG4aRZv/MAAQRBf/aAAgBAgEBPxCmG6r8/8wABBAF/9oACAEBAAE/EKoy49qXU6GNaRcyFKJugP/Z',
    'base64',
  ),
  width: 48,
  height: 32,
  colourAt: (x: number, y: number): readonly [number, number, number] => [
    (x * 255) / 47,
    (y * 255) / 31,
    128,
  ],
};

/** Returns a stereo camera's file (MPO): two complete JPEGs, the first with an index that points to the second. */
export function multiPicture(first: Buffer, second: Buffer): Buffer {
  const index = Buffer.alloc(86);
  index.write('MPF\0II*\0', 'latin1');
  index.writeUInt32LE(8, 8);
  index.writeUInt16LE(3, 12);
  const entry = (at: number, tag: number, type: number, count: number, value: number): void => {
    index.writeUInt16LE(tag, at);
    index.writeUInt16LE(type, at + 2);
    index.writeUInt32LE(count, at + 4);
    index.writeUInt32LE(value, at + 8);
  };
  entry(14, 0xb000, 7, 4, 0x30303130);
  entry(26, 0xb001, 4, 1, 2);
  entry(38, 0xb002, 7, 32, 50);
  index.writeUInt32LE(0x20030000, 54);
  index.writeUInt32LE(first.length + 90, 58);
  index.writeUInt32LE(second.length, 74);
  // Offsets count from the byte after the name, which follows the start marker and the segment header.
  index.writeUInt32LE(first.length + 90 - 10, 78);
  return Buffer.concat([withJpegSegments(first, [jpegSegment(0xe2, index)]), second]);
}
