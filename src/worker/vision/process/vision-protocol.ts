import { type ErrorCode, VerificationError } from '../../../shared/errors.js';
import type { Reason } from '../../../shared/reasons.js';
import type { PackIdentity, PackOptions } from '../pack/model-pack.js';
import type { FaceAnalysis, VisionSettings } from '../types.js';

// Messages between a worker and its vision processes, as structured clones over the IPC channel.
//   worker ──start──► process ──ready | unfit──► worker         once
//   worker ══photo══► process ──analysed | refused──► worker    one at a time; photo-pipe.ts carries the photo
// A process that loses its worker exits; a worker that loses a process replaces it.

/** The only message to a process. */
export interface StartMessage {
  readonly kind: 'start';
  readonly settings: VisionSettings;
  readonly manifest: PackOptions['manifest'];
}

export interface ReadyMessage {
  readonly kind: 'ready';
  readonly identity: PackIdentity;
  readonly usage: ProcessUsage;
}

/** Resources that a process has used. */
export interface ProcessUsage {
  /** Resident memory, bytes. */
  readonly rssBytes: number;
  /** Processor time of all its threads since it started, ms. */
  readonly cpuMs: number;
}

/** The process cannot work: `message` says why and how to fix it. The process then ends. */
export interface UnfitMessage {
  readonly kind: 'unfit';
  readonly message: string;
}

export interface AnalysedMessage {
  readonly kind: 'analysed';
  readonly analysis: FaceAnalysis;
  readonly usage: ProcessUsage;
}

/** The photo could not be used. Carries the fields of a VerificationError, because the channel drops its class. */
export interface RefusedMessage {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  readonly reason: Reason | undefined;
  readonly detail: string;
  readonly retryable: boolean;
  readonly context: Readonly<Record<string, string | number | boolean>>;
  /** Message of the error's cause, for logs only. */
  readonly cause: string | undefined;
  readonly usage: ProcessUsage;
}

export type ProcessMessage = ReadyMessage | UnfitMessage | AnalysedMessage | RefusedMessage;

/** Converts an error to a message. */
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

/** Converts a message back to an error. */
export function fromRefusal(refusal: RefusedMessage): VerificationError {
  return new VerificationError(refusal.code, {
    reason: refusal.reason,
    detail: refusal.detail,
    retryable: refusal.retryable,
    context: refusal.context,
    cause: refusal.cause === undefined ? undefined : new Error(refusal.cause),
  });
}
