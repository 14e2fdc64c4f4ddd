/** Most bytes of a comment in a JPEG, without the two of its length. */
const MAX_COMMENT_BYTES = 65_533;

/** Returns a JPEG with comments that make it at least `bytes` long, like a photo of a camera: uploads are stored in pieces. */
export function padPhoto(jpeg: Buffer, bytes: number): Buffer {
  const comments: Buffer[] = [];
  for (let missing = bytes - jpeg.length; missing > 0; missing -= MAX_COMMENT_BYTES) {
    const comment = Buffer.alloc(MAX_COMMENT_BYTES + 4, 'padding ');
    comment.writeUInt16BE(0xfffe, 0);
    comment.writeUInt16BE(MAX_COMMENT_BYTES + 2, 2);
    comments.push(comment);
  }
  return Buffer.concat([jpeg.subarray(0, 2), ...comments, jpeg.subarray(2)]);
}
