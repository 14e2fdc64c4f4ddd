/** Second bytes of the JPEG markers used here (ITU-T T.81, table B.1). */
const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const TEM = 0x01;
const RST0 = 0xd0;
const RST7 = 0xd7;

/**
 * Returns the number of scans of a JPEG, counting up to `limit + 1`. Segments are skipped, so an EXIF thumbnail does not
 * count, nor does anything after the end of the first picture. Walks the markers exactly as libjpeg does (skip to the
 * next 0xFF, skip stuffed zeros and restart markers), so no file can hide scans that the decoder would meet. Time is
 * linear in the file's size; nothing is decoded.
 */
export function countJpegScans(bytes: Uint8Array, limit: number): number {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let scans = 0;
  let at = 2;
  while (scans <= limit) {
    at = file.indexOf(0xff, at);
    if (at === -1) return scans;
    while (file[at] === 0xff) at += 1;
    const marker = file[at];
    at += 1;
    if (marker === undefined || marker === EOI || marker === SOI) return scans;
    if (marker === 0 || marker === TEM || (marker >= RST0 && marker <= RST7)) continue;
    if (marker === SOS) scans += 1;
    if (at + 2 > file.length) return scans;
    at += file.readUInt16BE(at);
  }
  return scans;
}
