import { Socket } from 'node:net';
import type { Writable } from 'node:stream';

// Photos go to a vision process through a separate pipe: the length in 4 bytes, little-endian, then the file. The IPC
// channel would copy each photo several times on both sides and leave the copies to the garbage collectors.

/** File descriptor of the pipe in a vision process, after stdin, stdout, stderr and the IPC channel. */
export const PHOTO_PIPE_FD = 4;

/** Bytes read at once at most: about the size of a pipe's buffer. */
const CHUNK_BYTES = 262_144;

const HEADER_BYTES = 4;

/** Sends an encoded photo. `bytes` must not change before the answer arrives. */
export function sendPhoto(pipe: Writable, bytes: Uint8Array): void {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(bytes.length);
  pipe.cork();
  pipe.write(header);
  pipe.write(bytes);
  pipe.uncork();
}

/** Calls `onPhoto` for every photo from the pipe, each in a new array that the callee can keep. */
export function receivePhotos(fd: number, onPhoto: (bytes: Uint8Array) => void): void {
  const accept = createPhotoParser(onPhoto);
  const buffer = Buffer.alloc(CHUNK_BYTES);
  const callback = (count: number): boolean => {
    accept(buffer.subarray(0, count));
    return true;
  };
  // One buffer for all reads. Node documents `onread` for sockets made from a descriptor; its types do not have it.
  const options = { fd, readable: true, writable: false, onread: { buffer, callback } };
  new Socket(options);
}

/** Returns a function that copies the pipe's bytes from chunks of any size and calls `onPhoto` for each photo. */
export function createPhotoParser(onPhoto: (bytes: Uint8Array) => void): (chunk: Buffer) => void {
  const header = Buffer.alloc(HEADER_BYTES);
  let headerSize = 0;
  let photo = new Uint8Array(0);
  let size = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (headerSize < HEADER_BYTES) {
        const copied = chunk.copy(header, headerSize, at);
        at += copied;
        headerSize += copied;
        if (headerSize < HEADER_BYTES) return;
        photo = new Uint8Array(header.readUInt32LE());
      }
      const part = chunk.subarray(at, at + photo.length - size);
      photo.set(part, size);
      at += part.length;
      size += part.length;
      if (size < photo.length) return;
      headerSize = 0;
      size = 0;
      onPhoto(photo);
    }
  };
}
