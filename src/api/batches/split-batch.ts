import { VerificationError } from '../../shared/errors.js';

/** One request of a batch as it was sent, not parsed yet. */
export interface BatchElement {
  /** Line in NDJSON, or element of the array, from 1. */
  readonly line: number;
  /** Undefined if it is longer than the limit. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

/** Cuts the body of a batch into its requests, chunk by chunk. */
export interface BatchSplitter {
  /** Returns the requests that end in this chunk. */
  push(chunk: Uint8Array): BatchElement[];
  /** Returns the requests that the end of the body ends. @throws VerificationError `invalid_json`. */
  end(): BatchElement[];
}

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPENING: ReadonlySet<number> = new Set([OPEN_BRACKET, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([CLOSE_BRACKET, 0x7d]);
/** The white space of JSON, and the byte order mark that some programs write first. */
const BLANK: ReadonlySet<number> = new Set([0x20, 0x09, 0x0d, NEWLINE, 0xef, 0xbb, 0xbf]);

/** Returns a splitter of NDJSON. Blank lines are skipped, but count as lines. */
export function createLineSplitter(maxBytes: number): BatchSplitter {
  const parts = createParts(maxBytes);
  let line = 1;
  const finish = (): BatchElement[] => {
    const element = parts.take(line);
    line += 1;
    return element ? [element] : [];
  };
  return {
    push: (chunk) => {
      const elements: BatchElement[] = [];
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        parts.add(chunk.subarray(start, end));
        elements.push(...finish());
        start = end + 1;
      }
      parts.add(chunk.subarray(start));
      return elements;
    },
    end: finish,
  };
}

/**
 * Returns a splitter of a JSON array, which finds the commas between its elements; whether an element is JSON, its parser
 * says.
 * @throws VerificationError `invalid_json` if the body is not one array.
 */
export function createArraySplitter(maxBytes: number): BatchSplitter {
  const parts = createParts(maxBytes);
  let state: 'before' | 'inside' | 'after' = 'before';
  let depth = 0;
  let isText = false;
  let isEscaped = false;
  let line = 1;

  const finish = (isLast: boolean): BatchElement[] => {
    const element = parts.take(line);
    // `[]` is empty, while a comma promises an element on both sides.
    if (!element && isLast && line === 1) return [];
    line += 1;
    return [element ?? { line: line - 1, bytes: new Uint8Array() }];
  };
  /** Follows one byte inside the array; true if it ends an element. */
  const ends = (byte: number): boolean => {
    if (isText) {
      if (isEscaped) isEscaped = false;
      else if (byte === BACKSLASH) isEscaped = true;
      else isText = byte !== QUOTE;
      return false;
    }
    if (depth === 0 && (byte === COMMA || byte === CLOSE_BRACKET)) return true;
    if (byte === QUOTE) isText = true;
    else if (OPENING.has(byte)) depth += 1;
    else if (CLOSING.has(byte)) depth -= 1;
    return false;
  };
  const readOutside = (byte: number): void => {
    if (BLANK.has(byte)) return;
    if (state === 'after' || byte !== OPEN_BRACKET) throw notOneArray();
    state = 'inside';
  };

  return {
    push: (chunk) => {
      const elements: BatchElement[] = [];
      let start = 0;
      for (let index = 0; index < chunk.length; index += 1) {
        const byte = chunk[index] ?? 0;
        if (state !== 'inside') {
          readOutside(byte);
          start = index + 1;
        } else if (ends(byte)) {
          parts.add(chunk.subarray(start, index));
          if (byte === CLOSE_BRACKET) state = 'after';
          elements.push(...finish(byte === CLOSE_BRACKET));
          start = index + 1;
        }
      }
      if (state === 'inside') parts.add(chunk.subarray(start));
      return elements;
    },
    end: () => {
      if (state !== 'after') throw notOneArray();
      return [];
    },
  };
}

function notOneArray(): VerificationError {
  return new VerificationError('invalid_json', {
    detail: 'The body is not one JSON array. Send NDJSON as application/x-ndjson.',
  });
}

/** Collects the parts of an element. Keeps no more than `maxBytes` of it. */
function createParts(maxBytes: number) {
  let parts: Uint8Array[] = [];
  let size = 0;
  return {
    add: (part: Uint8Array): void => {
      size += part.length;
      // The chunk is shared with others and may be large, so keep a copy of this part alone.
      if (size <= maxBytes && part.length > 0) parts.push(Uint8Array.from(part));
    },
    /** Returns the element and starts the next; undefined for a blank one. */
    take: (line: number): BatchElement | undefined => {
      const isTooLong = size > maxBytes;
      const bytes = join(parts, isTooLong ? 0 : size);
      parts = [];
      size = 0;
      if (isTooLong) return { line, bytes: undefined };
      return bytes.every((byte) => BLANK.has(byte)) ? undefined : { line, bytes };
    },
  };
}

function join(parts: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(size);
  let offset = 0;
  for (const part of size === 0 ? [] : parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
