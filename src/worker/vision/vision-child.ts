import { type ChildProcess, fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { PackIdentity } from './model-pack.js';
import type { FaceAnalysis } from './types.js';
import {
  fromRefusal,
  type ProcessMessage,
  type StartMessage,
  type WorkerMessage,
} from './vision-protocol.js';

/** Why a vision process ended: by itself, or killed by us. */
export type LossReason = 'crash' | 'deadline' | 'memory' | 'closed';

/** The process ended before it gave its answer. */
export class VisionChildLost extends Error {
  override readonly name = 'VisionChildLost';
  readonly reason: LossReason;

  constructor(reason: LossReason) {
    super(`A vision process was lost (${reason})`);
    this.reason = reason;
  }
}

export interface VisionChildOptions extends Omit<StartMessage, 'kind'> {
  /** The process's whole environment: nothing is inherited, so that no secret of the worker's can leak there. */
  readonly environment: Readonly<Record<string, string>>;
}

/** One vision process, which works on one photo at a time. */
export interface VisionChild {
  readonly pid: number | undefined;
  /** Rejects with the process's own words when it cannot load its models, with VisionChildLost when it ends before. */
  readonly ready: Promise<PackIdentity>;
  /** Settles when the process is gone. */
  readonly ended: Promise<void>;
  /** False as soon as the process is being ended. */
  readonly isUsable: boolean;
  /** Resident memory after the last photo, bytes; 0 before. */
  readonly rssBytes: number;
  /** @throws VerificationError as analyseImage; VisionChildLost when the process ends first. */
  analyse(bytes: Uint8Array): Promise<FaceAnalysis>;
  /** Returns the resident memory now, bytes; undefined where the system does not tell. */
  readRss(): Promise<number | undefined>;
  /** Returns the processor time of all its threads so far, ms; undefined where the system does not tell. */
  readCpuMs(): Promise<number | undefined>;
  /** Ends the process at once; what it was doing rejects with `reason`. */
  kill(reason: LossReason): void;
}

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** Starts a vision process and has it load its models. */
export function startVisionChild({ environment, ...start }: VisionChildOptions): VisionChild {
  const child = forkEntry(environment);
  let lossReason: LossReason = 'crash';
  let rssBytes = 0;
  let hasEnded = false;
  let starting: Waiting<PackIdentity> | undefined;
  let working: Waiting<FaceAnalysis> | undefined;
  const ready = new Promise<PackIdentity>((resolve, reject) => {
    starting = { resolve, reject };
  });
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      hasEnded = true;
      const lost = new VisionChildLost(lossReason);
      starting?.reject(lost);
      working?.reject(lost);
      starting = undefined;
      working = undefined;
      resolve();
    };
    child.once('exit', end);
    child.once('error', end);
  });
  const finish = (settle: (waiting: Waiting<FaceAnalysis>) => void): void => {
    const waiting = working;
    working = undefined;
    if (waiting) settle(waiting);
  };
  child.on('message', (message: ProcessMessage) => {
    switch (message.kind) {
      case 'ready':
        return starting?.resolve(message.identity);
      case 'unfit':
        return starting?.reject(new Error(message.message));
      case 'analysed':
        rssBytes = message.rssBytes;
        return finish(({ resolve }) => resolve(message.analysis));
      case 'refused':
        rssBytes = message.rssBytes;
        return finish(({ reject }) => reject(fromRefusal(message)));
    }
  });
  const send = (message: WorkerMessage): void => {
    // A failure to send means that the process is ending, which `exit` reports.
    child.send(message, () => undefined);
  };
  send({ kind: 'start', ...start });
  return {
    pid: child.pid,
    ready,
    ended,
    get isUsable() {
      return !hasEnded && !child.killed;
    },
    get rssBytes() {
      return rssBytes;
    },
    analyse: (bytes) =>
      new Promise((resolve, reject) => {
        if (working) throw new Error('this is a bug: the vision process is busy');
        if (hasEnded) throw new VisionChildLost(lossReason);
        working = { resolve, reject };
        send({ kind: 'analyse', bytes });
      }),
    readRss: () => readRss(child.pid),
    readCpuMs: () => readCpuMs(child.pid),
    kill(reason) {
      // The first reason is the true one.
      if (!child.killed) lossReason = reason;
      child.kill('SIGKILL');
    },
  };
}

function forkEntry(environment: Readonly<Record<string, string>>): ChildProcess {
  // The same program runs compiled (.js) and from its source (.ts, under a test runner or tsx).
  const extension = extname(fileURLToPath(import.meta.url));
  const entry = fileURLToPath(new URL(`./vision-process${extension}`, import.meta.url));
  return fork(entry, {
    // Two arenas instead of eight a core: decoders on many threads otherwise hold memory for good.
    // ONNX Runtime otherwise keeps a device id on disk and uploads events of every session to its makers.
    env: { MALLOC_ARENA_MAX: '2', ...environment, ORT_DISABLE_TELEMETRY: '1' },
    execArgv: extension === '.ts' ? ['--import', typescriptLoader()] : [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

function typescriptLoader(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
}

async function readRss(pid: number | undefined): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

/** Linux counts processor time in hundredths of a second (USER_HZ), whatever its own clock. */
const MS_PER_TICK = 10;

async function readCpuMs(pid: number | undefined): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name of the process stands in brackets and may hold anything; user and system time are the 12th and 13th after.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks * MS_PER_TICK : undefined;
}
