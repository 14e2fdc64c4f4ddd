import { setImmediate as nextTurn } from 'node:timers/promises';
import { IMAGE_NAMES } from '../../shared/contract/compare-request.js';
import { dataUrlLength } from '../../shared/contract/image-source.js';
import { VerificationError } from '../../shared/errors.js';
import type { RequestParser } from './request-parser.js';

/** Bytes of a multipart body beside its photos and texts: boundaries and headers of its parts. */
const MULTIPART_BYTES = 65_536;
/** Time after which a caller that was refused for lack of memory should try again, s. */
const RETRY_AFTER_SECONDS = 2;

/** Bytes of large bodies that are processed in one turn of the event loop, of all requests together: less than 1 ms. */
const BYTES_A_TURN = 262_144;

/** Limits on photos that come with a request. */
export interface UploadLimits {
  /** True if this service accepts them. */
  readonly enabled: boolean;
  /** Largest photo in a data: URL, bytes. */
  readonly maxInlineBytes: number;
  /** Largest photo in a part of its own, bytes. */
  readonly maxImageBytes: number;
  /** Largest body without its photos, bytes. */
  readonly maxJsonBytes: number;
  /** The memory for large bodies, which all requests share. */
  readonly memory: BodyMemory;
  readonly parser: RequestParser;
}

/** Counts the bytes of bodies that are being received, so that many uploads at once cannot exhaust the process. */
export interface BodyMemory {
  /** @throws VerificationError `overloaded` if there is no room for them. */
  take(bytes: number): void;
  release(bytes: number): void;
  /** Resolves when this many bytes of a body can be processed; until then its sender waits on the connection. */
  turn(bytes: number): Promise<void>;
}

/** Returns a memory of `maxBytes` bytes. `onRefused` is called for each refused body. */
export function createBodyMemory(maxBytes: number, onRefused = (): void => undefined): BodyMemory {
  let total = 0;
  return {
    take: (bytes) => {
      if (total + bytes > maxBytes) {
        onRefused();
        throw new VerificationError('overloaded', {
          detail: 'Too many photos are being uploaded at this moment. Requests with URLs are accepted.',
          retryAfterSeconds: RETRY_AFTER_SECONDS,
        });
      }
      total += bytes;
    },
    release: (bytes) => {
      total -= bytes;
    },
    turn: createTurns(BYTES_A_TURN),
  };
}

function createTurns(bytesATurn: number): BodyMemory['turn'] {
  let left = bytesATurn;
  let next: Promise<void> | undefined;
  const startNext = async (): Promise<void> => {
    await nextTurn();
    left = bytesATurn;
    next = undefined;
  };
  return async (bytes) => {
    while (left <= 0) {
      next ??= startNext();
      await next;
    }
    left -= bytes;
  };
}

/** Returns the size of the largest JSON body, with a photo in each field, bytes. */
export function maxJsonBodyBytes({ enabled, maxInlineBytes, maxJsonBytes }: UploadLimits): number {
  return maxJsonBytes + (enabled ? IMAGE_NAMES.length * dataUrlLength(maxInlineBytes) : 0);
}

/** Returns the size of the largest multipart body, bytes. */
export function maxFormBytes(limits: UploadLimits): number {
  const photos = limits.enabled ? IMAGE_NAMES.length * limits.maxImageBytes : 0;
  return maxJsonBodyBytes(limits) + photos + MULTIPART_BYTES;
}
