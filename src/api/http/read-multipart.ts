import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Busboy, type BusboyInstance } from '@fastify/busboy';
import type { Context } from 'hono';
import { IMAGE_NAMES, type ImageName, isImageName } from '../../shared/contract/compare-request.js';
import { dataUrlLength, type UploadedImage } from '../../shared/contract/image-source.js';
import type { ProblemItem } from '../../shared/contract/problem.js';
import { publicFactsOf, VerificationError } from '../../shared/errors.js';
import { createPieceCollector } from '../../shared/uploads/photo-pieces.js';
import type { AppContext } from './app-context.js';
import { REQUEST_PART } from './multipart-fields.js';
import { readBody } from './read-body.js';
import { RequestError } from './request-error.js';
import { maxFormBytes, maxJsonBodyBytes, type UploadLimits } from './upload-limits.js';

/** More than any request needs. */
const MAX_PARTS = 40;
const MAX_PART_HEADERS = 10;
const MAX_PART_HEADER_BYTES = 4_096;
/** Turns of the event loop that a step of the parser can take; most take two. */
const MAX_TURNS = 1_000;
const INCOMPLETE = 'The body is not complete multipart/form-data.';
/** Encodings that change nothing. Others were for mail, and RFC 7578 forbids them. */
const PLAIN_ENCODINGS = new Set(['7bit', '8bit', 'binary']);

/** A multipart/form-data body: its parts by their names, texts in pieces. */
export interface MultipartForm {
  readonly texts: ReadonlyMap<string, readonly Uint8Array[]>;
  readonly photos: ReadonlyMap<ImageName, UploadedImage>;
}

/** A part that is being received. */
interface Part {
  readonly name: string;
  /** Set for a file; a text can be the URL of a photo. */
  readonly image?: ImageName;
  readonly maxBytes: number;
}

/**
 * Reads a multipart/form-data body without a temporary file. It is refused as soon as a part shows that it is wrong.
 * @throws RequestError `body_too_large`, `invalid_request`, `unknown_field`, `uploads_disabled` with the name of the part;
 * VerificationError `unsupported_media_type`, `invalid_request`, `body_too_large`, `overloaded`.
 */
export async function readMultipart(
  context: Context<AppContext>,
  limits: UploadLimits,
): Promise<MultipartForm> {
  const parser = openParser(context.req.header('content-type') ?? '');
  const texts = new Map<string, readonly Uint8Array[]>();
  const photos = new Map<ImageName, UploadedImage>();
  const names = new Set<string>();
  const receiving: Promise<void>[] = [];
  let refuse = (_error: Error): void => undefined;
  const refused = new Promise<never>((_resolve, reject) => {
    refuse = reject;
  });
  refused.catch(() => undefined);

  parser.on('file', (name, stream, fileName, encoding, type) => {
    // The parser itself reports it too.
    stream.on('error', () => undefined);
    const part = describePart({ name, fileName, encoding, type }, names, limits);
    if (part instanceof Error) {
      refuse(part);
      stream.resume();
      return;
    }
    names.add(part.name);
    const keep = ({ pieces, size, sha256 }: ReceivedPart): void => {
      if (!part.image) texts.set(part.name, pieces);
      else if (size > 0) photos.set(part.image, { kind: 'upload', pieces, size, sha256 });
      else refuse(wrongPart(part.name, 'must not be empty'));
    };
    receiving.push(receivePart(stream, part, refuse).then(keep, refuse));
  });
  parser.on('partsLimit', () => refuse(wrongBody(`The body has more than ${MAX_PARTS} parts.`)));
  parser.on('error', () => refuse(wrongBody(INCOMPLETE)));

  const bodyLimits = { maxBytes: maxFormBytes(limits), memory: limits.memory };
  return readBody(context, bodyLimits, {
    onChunk: (chunk) => unlessStalled(Promise.race([refused, writeTo(parser, chunk)])),
    onEnd: async () => {
      await unlessStalled(Promise.race([refused, endOf(parser)]));
      await unlessStalled(Promise.race([refused, Promise.all(receiving)]));
      return { texts, photos };
    },
  });
}

/** @throws VerificationError `unsupported_media_type` for a Content-Type without a boundary. */
function openParser(contentType: string): BusboyInstance {
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      // A text is received like a file, so that it has limits of its own.
      isPartAFile: () => true,
      limits: { parts: MAX_PARTS, headerPairs: MAX_PART_HEADERS, headerSize: MAX_PART_HEADER_BYTES },
    });
  } catch (cause) {
    const detail = 'The Content-Type multipart/form-data needs a boundary.';
    throw new VerificationError('unsupported_media_type', { detail, cause });
  }
}

/** A failed write is reported by the parser's `error` event. */
function writeTo(parser: BusboyInstance, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve) => parser.write(chunk, () => resolve()));
}

/** Resolves once the parser has passed on everything, or has failed. */
async function endOf(parser: BusboyInstance): Promise<void> {
  const ended = once(parser, 'finish').catch(() => undefined);
  parser.end();
  await ended;
}

/**
 * Returns the result of a step of the parser. After some wrong bodies it neither takes more nor ends. It waits for nothing
 * outside this process, so a step that takes many turns of the event loop will never end.
 */
async function unlessStalled<T>(step: Promise<T>): Promise<T> {
  let hasEnded = false;
  const ended = step.finally(() => {
    hasEnded = true;
  });
  const watch = async (): Promise<T> => {
    for (let turn = 0; turn < MAX_TURNS; turn += 1) {
      if (hasEnded) return ended;
      await nextTurn();
    }
    throw wrongBody(INCOMPLETE);
  };
  return Promise.race([ended, watch()]);
}

interface PartHeaders {
  readonly name: string | undefined;
  readonly fileName: string | undefined;
  readonly encoding: string;
  readonly type: string;
}

/** Returns what is expected of a part, by its headers alone, or why it is refused. `names`: of the parts before it. */
function describePart(
  { name, fileName, encoding, type }: PartHeaders,
  names: ReadonlySet<string>,
  limits: UploadLimits,
): Part | RequestError {
  if (!name) return wrongBody('Every part needs a name in its Content-Disposition.');
  if (names.has(name)) return wrongPart(name, 'is there twice');
  if (!PLAIN_ENCODINGS.has(encoding)) return wrongPart(name, 'must have no Content-Transfer-Encoding');
  if (name === REQUEST_PART) return { name, maxBytes: maxJsonBodyBytes(limits) };
  if (!isImageName(name)) {
    if (fileName === undefined) return { name, maxBytes: limits.maxJsonBytes };
    const detail = `cannot be a file; the parts for photos are ${IMAGE_NAMES.join(', ')}`;
    return wrongPart(name, { code: 'unknown_field', detail });
  }
  // A browser and curl name the file; other clients name at least its type.
  const isFile = fileName !== undefined || !type.startsWith('text/');
  if (!isFile) return { name, maxBytes: Math.max(dataUrlLength(limits.maxInlineBytes), limits.maxJsonBytes) };
  if (limits.enabled) return { name, image: name, maxBytes: limits.maxImageBytes };
  return wrongPart(name, publicFactsOf(new VerificationError('uploads_disabled')));
}

/** The bytes of a part. */
type ReceivedPart = Pick<UploadedImage, 'pieces' | 'size' | 'sha256'>;

/** Returns the bytes of a part, hashed as they arrive. Refuses one that is too large, and discards the rest of it. */
async function receivePart(
  stream: AsyncIterable<Buffer>,
  { name, maxBytes }: Part,
  refuse: (error: Error) => void,
): Promise<ReceivedPart> {
  const digest = createHash('sha256');
  const received = createPieceCollector();
  let isTooLarge = false;
  for await (const chunk of stream) {
    isTooLarge ||= received.size() + chunk.length > maxBytes;
    if (isTooLarge) {
      refuse(wrongPart(name, { code: 'body_too_large', detail: `must have at most ${maxBytes} bytes` }));
      continue;
    }
    digest.update(chunk);
    received.add(chunk);
  }
  const pieces = received.pieces();
  if (isTooLarge) for (const piece of pieces) piece.fill(0);
  return { pieces, size: received.size(), sha256: digest.digest('hex') };
}

/** Returns the refusal of a part. `why`: a sentence for `invalid_request`, or a code with one. */
function wrongPart(name: string, why: string | Pick<ProblemItem, 'code' | 'detail'>): RequestError {
  const item = typeof why === 'string' ? ({ code: 'invalid_request', detail: why } as const) : why;
  const place = { field: shorten(name), ...(isImageName(name) ? { image: name } : {}) };
  return new RequestError([{ ...place, ...item }]);
}

function wrongBody(detail: string): RequestError {
  return new RequestError([{ code: 'invalid_request', detail }]);
}

/** Names of parts are repeated in answers. */
function shorten(name: string): string {
  return name.slice(0, 64);
}
