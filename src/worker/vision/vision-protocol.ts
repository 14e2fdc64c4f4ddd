import { type ErrorCode, VerificationError } from '../../shared/errors.js';
import type { PackIdentity, PackManifest } from './model-pack.js';
import type { FaceAnalysis, VisionSettings } from './types.js';

// What a worker and its vision processes say to one another, as structured clones over the IPC channel.
//   worker ──start──► process ──ready | unfit──► worker        once
//   worker ──analyse──► process ──analysed | refused──► worker  one photo at a time
// A process that loses its worker ends itself; a worker that loses a process replaces it.

/** First message to a process. */
export interface StartMessage {
  readonly kind: 'start';
  readonly settings: VisionSettings;
  readonly manifest: PackManifest | undefined;
}

export interface AnalyseMessage {
  readonly kind: 'analyse';
  /** Encoded photo. */
  readonly bytes: Uint8Array;
}

export type WorkerMessage = StartMessage | AnalyseMessage;

export interface ReadyMessage {
  readonly kind: 'ready';
  readonly identity: PackIdentity;
}

/** The process cannot work: `message` says why and how to mend it. It ends afterwards. */
export interface UnfitMessage {
  readonly kind: 'unfit';
  readonly message: string;
}

export interface AnalysedMessage {
  readonly kind: 'analysed';
  readonly analysis: FaceAnalysis;
  /** Resident memory of the process, bytes. */
  readonly rssBytes: number;
}

/** The photo could not be used; the parts of a VerificationError, whose class does not survive the channel. */
export interface RefusedMessage {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  readonly detail: string;
  readonly retryable: boolean;
  readonly context: Readonly<Record<string, string | number | boolean>>;
  /** What the error was caused by, for logs only. */
  readonly cause: string | undefined;
  readonly rssBytes: number;
}

export type ProcessMessage = ReadyMessage | UnfitMessage | AnalysedMessage | RefusedMessage;

/** Returns an error as a message. */
export function toRefusal(error: VerificationError, rssBytes: number): RefusedMessage {
  return {
    kind: 'refused',
    code: error.code,
    detail: error.message,
    retryable: error.retryable,
    context: error.context,
    cause: error.cause instanceof Error ? error.cause.message : undefined,
    rssBytes,
  };
}

/** Returns the error that a message carries. */
export function fromRefusal(refusal: RefusedMessage): VerificationError {
  return new VerificationError(refusal.code, {
    detail: refusal.detail,
    retryable: refusal.retryable,
    context: refusal.context,
    cause: refusal.cause === undefined ? undefined : new Error(refusal.cause),
  });
}
