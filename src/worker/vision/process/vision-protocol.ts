import { type ErrorCode, type Reason, VerificationError } from '../../../shared/errors.js';
import type { PackIdentity, PackManifest } from '../pack/model-pack.js';
import type { FaceAnalysis, VisionSettings } from '../types.js';

// What a worker and its vision processes say to one another, as structured clones over the IPC channel.
//   worker ──start──► process ──ready | unfit──► worker         once
//   worker ══photo══► process ──analysed | refused──► worker    one at a time; the photo comes by photo-pipe.ts
// A process that loses its worker ends itself; a worker that loses a process replaces it.

/** The only message to a process. */
export interface StartMessage {
  readonly kind: 'start';
  readonly settings: VisionSettings;
  readonly manifest: PackManifest | undefined;
}

export interface ReadyMessage {
  readonly kind: 'ready';
  readonly identity: PackIdentity;
  readonly usage: ProcessUsage;
}

/** What a process has used of the machine. */
export interface ProcessUsage {
  /** Resident memory, bytes. */
  readonly rssBytes: number;
  /** Processor time of all its threads since its start, ms. */
  readonly cpuMs: number;
}

/** The process cannot work: `message` says why and how to mend it. It ends afterwards. */
export interface UnfitMessage {
  readonly kind: 'unfit';
  readonly message: string;
}

export interface AnalysedMessage {
  readonly kind: 'analysed';
  readonly analysis: FaceAnalysis;
  readonly usage: ProcessUsage;
}

/** The photo could not be used; the parts of a VerificationError, whose class does not survive the channel. */
export interface RefusedMessage {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  readonly reason: Reason | undefined;
  readonly detail: string;
  readonly retryable: boolean;
  readonly context: Readonly<Record<string, string | number | boolean>>;
  /** What the error was caused by, for logs only. */
  readonly cause: string | undefined;
  readonly usage: ProcessUsage;
}

export type ProcessMessage = ReadyMessage | UnfitMessage | AnalysedMessage | RefusedMessage;

/** Returns an error as a message. */
export function toRefusal(error: VerificationError, usage: ProcessUsage): RefusedMessage {
  return {
    kind: 'refused',
    code: error.code,
    reason: error.reason,
    detail: error.message,
    retryable: error.retryable,
    context: error.context,
    cause: error.cause instanceof Error ? error.cause.message : undefined,
    usage,
  };
}

/** Returns the error that a message carries. */
export function fromRefusal(refusal: RefusedMessage): VerificationError {
  return new VerificationError(refusal.code, {
    reason: refusal.reason,
    detail: refusal.detail,
    retryable: refusal.retryable,
    context: refusal.context,
    cause: refusal.cause === undefined ? undefined : new Error(refusal.cause),
  });
}
