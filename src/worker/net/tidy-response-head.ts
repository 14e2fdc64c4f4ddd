import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

export interface TidyOptions {
  /** A longer head is passed on as it is. */
  readonly maxHeadBytes: number;
}

/**
 * Returns a stream that reads and writes through `socket`, which it owns, and corrects heads of HTTP responses that every
 * browser reads but a strict parser refuses: lines that end in LF alone, folded lines, lines that are not headers, the same
 * Content-Length several times, and Content-Length beside chunks. This is safe only for a connection with one request:
 * where a response ends then confuses nobody. Everything behind the final head is passed on unchanged.
 */
export function tidyResponseHead(socket: Socket, options: TidyOptions): Duplex {
  return new TidySocket(socket, new HeadTidier(options));
}

class TidySocket extends Duplex {
  readonly #socket: Socket;

  constructor(socket: Socket, head: HeadTidier) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    const pass = (bytes: Uint8Array): void => {
      if (bytes.length > 0 && !this.push(bytes)) socket.pause();
    };
    socket.on('data', (chunk) => pass(head.add(chunk)));
    socket.once('end', () => {
      pass(head.end());
      this.push(null);
    });
    socket.on('error', (error) => this.destroy(error));
    socket.once('close', () => {
      if (!socket.readableEnded) this.destroy();
    });
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#socket.write(chunk, encoding, callback);
  }

  /** Head and body of a request in one segment: the second would wait for the receiver to acknowledge the first. */
  override _writev(chunks: readonly { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this.#socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), callback);
  }

  override _final(callback: () => void): void {
    // The socket may be closed already, which is no error here.
    this.#socket.end(() => callback());
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#socket.destroy();
    callback(error);
  }
}

/** Collects bytes up to the end of the final head. */
class HeadTidier {
  readonly #maxHeadBytes: number;
  #held = Buffer.alloc(0);
  #isDone = false;

  constructor({ maxHeadBytes }: TidyOptions) {
    this.#maxHeadBytes = maxHeadBytes;
  }

  /** Returns the bytes to pass on. */
  add(chunk: Buffer): Buffer {
    if (this.#isDone) return chunk;
    let searched = Math.max(0, this.#held.length - 2);
    this.#held = Buffer.concat([this.#held, chunk]);
    const heads: Buffer[] = [];
    while (!this.#isDone) {
      const length = findHeadLength(this.#held, searched);
      searched = 0;
      if (length === undefined) {
        if (this.#held.length > this.#maxHeadBytes) heads.push(this.end());
        break;
      }
      const head = this.#held.toString('latin1', 0, length);
      this.#held = this.#held.subarray(length);
      heads.push(Buffer.from(tidyHead(head), 'latin1'));
      if (!isInterim(head)) heads.push(this.end());
    }
    return Buffer.concat(heads);
  }

  /** Returns the held bytes unchanged; later ones are not held. */
  end(): Buffer {
    const held = this.#held;
    this.#held = Buffer.alloc(0);
    this.#isDone = true;
    return held;
  }
}

const LF = 0x0a;
const CR = 0x0d;

/** Returns the length of the head that `bytes` start with, including its empty line, which does not start before `from`. */
function findHeadLength(bytes: Buffer, from: number): number | undefined {
  for (let at = bytes.indexOf(LF, from); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
  }
  return undefined;
}

/** True for a response that another one follows, such as 103 Early Hints. */
function isInterim(head: string): boolean {
  return /^HTTP\/1\.[01] 1(?!01)\d\d/.test(head);
}

function tidyHead(head: string): string {
  const [status = '', ...lines] = head
    .replace(/\r?\n[ \t]+/g, ' ')
    .split(/\r?\n/)
    .filter(Boolean);
  if (!status.startsWith('HTTP/')) return head;
  const headers = lines.flatMap((line) => {
    const [, name = '', value = ''] = /^([!#$%&'*+.^_`|~\w-]+)[ \t]*:(.*)$/s.exec(line) ?? [];
    return name === '' ? [] : [{ name, value: value.trim() }];
  });
  const valuesOf = (wanted: string): string[] =>
    headers.filter(({ name }) => name.toLowerCase() === wanted).map(({ value }) => value);
  const lengths = new Set(
    valuesOf('content-length').flatMap((value) => value.split(',').map((one) => one.trim())),
  );
  const isChunked = /(?:^|[\s,])chunked$/i.test(valuesOf('transfer-encoding').at(-1) ?? '');
  // Different lengths are left for the parser to refuse.
  const isAmbiguous = lengths.size > 1 && !isChunked;
  const kept = headers.filter(({ name }) => isAmbiguous || name.toLowerCase() !== 'content-length');
  const length =
    isAmbiguous || isChunked ? [] : [...lengths].map((value) => ({ name: 'content-length', value }));
  return [status, ...[...kept, ...length].map(({ name, value }) => `${name}: ${value}`), '', ''].join('\r\n');
}
