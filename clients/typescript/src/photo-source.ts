/**
 * A photo: an http, https or data URL; its bytes; a stream of them, which is read into memory first; or a file of this
 * machine as `{ path }`. A text is always a URL, so that no text of a stranger can name a file of yours.
 */
export type PhotoSource =
  | string
  | URL
  | Blob
  | Uint8Array
  | ArrayBuffer
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | { readonly path: string };

/** Largest photo that any service can be configured to accept, bytes. */
const MAX_BYTES = 268_435_456;

/**
 * Returns the URL of a photo, or its bytes.
 * @throws TypeError if the source is not a PhotoSource, or is larger than 256 MiB; Error if a file cannot be read.
 */
export async function readPhoto(source: PhotoSource): Promise<string | Blob> {
  if (typeof source === 'string') return source;
  if (source instanceof URL) return source.href;
  if (source instanceof Blob) return source;
  if (source instanceof Uint8Array || source instanceof ArrayBuffer)
    return new Blob([new Uint8Array(source)]);
  if ('path' in source) return new Blob([await readFile(source.path)]);
  if (source instanceof ReadableStream) return collect(chunksOf(source));
  if (Symbol.asyncIterator in source) return collect(source);
  throw new TypeError('A photo must be a URL, bytes, a stream or { path }');
}

/** Returns the photo as a data URL, which JSON can carry. */
export async function toDataUrl(photo: Blob): Promise<string> {
  const bytes = new Uint8Array(await photo.arrayBuffer());
  let text = '';
  for (let at = 0; at < bytes.length; at += 32_768)
    text += String.fromCharCode(...bytes.subarray(at, at + 32_768));
  return `data:${photo.type || 'application/octet-stream'};base64,${btoa(text)}`;
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) throw new TypeError(`A photo must not be larger than ${MAX_BYTES} bytes`);
    // A copy, because a stream may use the memory of a chunk again.
    parts.push(new Uint8Array(chunk));
  }
  return new Blob(parts);
}

/** Safari cannot iterate over a stream. */
async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel();
  }
}

interface FileSystem {
  readFile(path: string): Promise<Uint8Array<ArrayBuffer>>;
}

interface Runtime {
  readonly process?: { getBuiltinModule?(name: 'node:fs/promises'): FileSystem | undefined };
}

/** Not an import, which bundlers for browsers would have to resolve. */
async function readFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const files = (globalThis as Runtime).process?.getBuiltinModule?.('node:fs/promises');
  if (!files) throw new TypeError('{ path } needs Node, Deno or Bun; in a browser pass a File');
  return files.readFile(path);
}
