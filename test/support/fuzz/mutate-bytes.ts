/** One change to a file. Positions and lengths are fractions of the file's length, 0..1, so that they fit any file. */
export type Edit =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'set'; readonly at: number; readonly value: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'remove'; readonly at: number; readonly length: number }
  | { readonly kind: 'repeat'; readonly at: number; readonly length: number }
  | { readonly kind: 'insert'; readonly at: number; readonly value: number };

export const EDIT_KINDS = [
  'flip',
  'set',
  'cut',
  'remove',
  'repeat',
  'insert',
] as const satisfies readonly Edit['kind'][];

/** Longest part to remove or repeat, as a fraction of the file. Short parts leave more of the structure intact. */
const LONGEST_PART = 0.05;
const INSERTED_BYTES = 16;

/** Returns a changed copy of `bytes`, the edits applied one after the other. */
export function mutateBytes(bytes: Uint8Array, edits: readonly Edit[]): Buffer {
  return edits.reduce<Buffer>(applyEdit, Buffer.from(bytes));
}

function applyEdit(bytes: Buffer, edit: Edit): Buffer {
  const at = Math.floor(edit.at * bytes.length);
  switch (edit.kind) {
    case 'flip':
      if (at < bytes.length) bytes[at] = bytes[at]! ^ (1 << (edit.bit & 7));
      return bytes;
    case 'set':
      if (at < bytes.length) bytes[at] = edit.value;
      return bytes;
    case 'cut':
      return bytes.subarray(0, at);
    case 'remove':
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + partLength(bytes, edit.length))]);
    case 'repeat': {
      const end = at + partLength(bytes, edit.length);
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    }
    case 'insert':
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.alloc(INSERTED_BYTES, edit.value),
        bytes.subarray(at),
      ]);
  }
}

function partLength(bytes: Buffer, part: number): number {
  return Math.ceil(part * LONGEST_PART * bytes.length);
}

/** Returns one to six random edits, mostly one. Most hit the first kilobyte, which holds the structure. */
export function randomEdits(random: () => number, fileLength: number): Edit[] {
  const headers = Math.min(1, 1024 / Math.max(1, fileLength));
  return Array.from({ length: 1 + Math.floor(random() ** 3 * 6) }, () => {
    const at = random() * (random() < 0.6 ? headers : 1);
    const value = random() < 0.5 ? 0xff : Math.floor(random() * 256);
    const kind = EDIT_KINDS[Math.floor(random() * EDIT_KINDS.length)] ?? 'flip';
    return { kind, at, value, bit: Math.floor(random() * 8), length: random() };
  });
}
