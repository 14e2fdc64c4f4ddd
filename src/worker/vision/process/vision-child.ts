import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { PackIdentity } from '../pack/model-pack.js';
import type { FaceAnalysis } from '../types.js';
import { PHOTO_PIPE_FD, sendPhoto } from './photo-pipe.js';
import { fromRefusal, type ProcessMessage, type ProcessUsage, type StartMessage } from './vision-protocol.js';

/** Why a vision process ended: by itself, or killed by us. */
export type LossReason = 'crash' | 'deadline' | 'memory' | 'closed';

/** The process ended before it answered. */
export class VisionChildLost extends Error {
  override readonly name = 'VisionChildLost';
  readonly reason: LossReason;

  constructor(reason: LossReason) {
    super(`A vision process was lost (${reason})`);
    this.reason = reason;
  }
}

export interface VisionChildOptions extends Omit<StartMessage, 'kind'> {
  /** The process's entire environment. Nothing is inherited, so that no secret of the worker can leak. */
  readonly environment: Readonly<Record<string, string>>;
}

/** One vision process, which works on one photo at a time. */
export interface VisionChild {
  readonly pid: number | undefined;
  /** Rejects with the process's message if it cannot load its models, and with VisionChildLost if it ends before that. */
  readonly ready: Promise<PackIdentity>;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  /** False once the process has been killed or has ended. */
  readonly isUsable: boolean;
  /** Usage after the last photo, or when the process became ready. */
  readonly usage: ProcessUsage;
  /** `bytes` must not change before this settles. @throws as analyseImage; VisionChildLost if the process ends first. */
  analyse(bytes: Uint8Array): Promise<FaceAnalysis>;
  /** Returns the current resident memory, bytes; undefined if the system does not report it. */
  readRss(): number | undefined;
  /** Returns the processor time of all its threads, ms; undefined if the system does not report it. */
  readCpuMs(): Promise<number | undefined>;
  /** Kills the process; pending work rejects with `reason`. */
  kill(reason: LossReason): void;
}

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** Starts a vision process, which then loads its models. */
export function startVisionChild({ environment, ...start }: VisionChildOptions): VisionChild {
  return new ForkedChild(forkEntry(environment), start);
}

class ForkedChild implements VisionChild {
  readonly ready: Promise<PackIdentity>;
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #photos: Writable;
  #starting: Waiting<PackIdentity> | undefined;
  #working: Waiting<FaceAnalysis> | undefined;
  #lossReason: LossReason = 'crash';
  #hasEnded = false;
  #usage: ProcessUsage = { rssBytes: 0, cpuMs: 0 };

  constructor(child: ChildProcess, start: Omit<StartMessage, 'kind'>) {
    this.#child = child;
    this.#photos = photoPipeOf(child);
    this.ready = new Promise((resolve, reject) => {
      this.#starting = { resolve, reject };
    });
    this.ended = new Promise((resolve) => {
      const end = () => {
        this.#onEnd();
        resolve();
      };
      child.once('exit', end);
      child.once('error', end);
    });
    child.on('message', (message: ProcessMessage) => this.#onMessage(message));
    // A failure to send means that the process is ending, which `exit` reports.
    child.send({ kind: 'start', ...start } satisfies StartMessage, () => undefined);
    this.#photos.on('error', () => undefined);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isUsable(): boolean {
    return !this.#hasEnded && !this.#child.killed;
  }

  get usage(): ProcessUsage {
    return this.#usage;
  }

  analyse(bytes: Uint8Array): Promise<FaceAnalysis> {
    return new Promise((resolve, reject) => {
      if (this.#working) throw new Error('this is a bug: the vision process is busy');
      if (this.#hasEnded) throw new VisionChildLost(this.#lossReason);
      this.#working = { resolve, reject };
      sendPhoto(this.#photos, bytes);
    });
  }

  readRss(): number | undefined {
    return readRss(this.pid);
  }

  readCpuMs(): Promise<number | undefined> {
    return readCpuMs(this.pid);
  }

  kill(reason: LossReason): void {
    // Only the first reason counts.
    if (!this.#child.killed) this.#lossReason = reason;
    this.#child.kill('SIGKILL');
  }

  #onMessage(message: ProcessMessage): void {
    switch (message.kind) {
      case 'ready':
        this.#usage = message.usage;
        this.#starting?.resolve(message.identity);
        return;
      case 'unfit':
        this.#starting?.reject(new Error(message.message));
        return;
      case 'analysed':
        this.#finishWork(message.usage)?.resolve(message.analysis);
        return;
      case 'refused':
        this.#finishWork(message.usage)?.reject(fromRefusal(message));
        return;
    }
  }

  #finishWork(usage: ProcessUsage): Waiting<FaceAnalysis> | undefined {
    const working = this.#working;
    this.#working = undefined;
    this.#usage = usage;
    return working;
  }

  #onEnd(): void {
    this.#hasEnded = true;
    const lost = new VisionChildLost(this.#lossReason);
    this.#starting?.reject(lost);
    this.#working?.reject(lost);
    this.#working = undefined;
  }
}

function forkEntry(environment: Readonly<Record<string, string>>): ChildProcess {
  // The same program runs compiled (.js) and from source (.ts, under a test runner or tsx).
  const extension = extname(fileURLToPath(import.meta.url));
  const entry = fileURLToPath(new URL(`./vision-process${extension}`, import.meta.url));
  return fork(entry, {
    // Two arenas instead of eight per core: otherwise decoders on many threads never return memory.
    // Without the last variable, ONNX Runtime stores a device id on disk and sends events of every session to its vendor.
    env: { MALLOC_ARENA_MAX: '2', ...environment, ORT_DISABLE_TELEMETRY: '1' },
    // Each process has a core. Helper threads of its garbage collector would take the time of the other processes.
    execArgv: ['--single-threaded-gc', ...(extension === '.ts' ? ['--import', typescriptLoader()] : [])],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc', 'pipe'],
  });
}

function photoPipeOf(child: ChildProcess): Writable {
  const pipe = child.stdio[PHOTO_PIPE_FD];
  if (!(pipe instanceof Writable))
    throw new Error('this is a bug: the vision process has no pipe for photos');
  return pipe;
}

function typescriptLoader(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
}

function readRss(pid: number | undefined): number | undefined {
  try {
    // Waits for no disk. Read twenty times a second, and the thread pool would take ten times as long.
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    // The process has ended, or the system has no such file.
    return undefined;
  }
}

/** Linux reports processor time in hundredths of a second (USER_HZ). */
const MS_PER_TICK = 10;

async function readCpuMs(pid: number | undefined): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The process name is in brackets and can contain anything; user and system time are the 12th and 13th fields after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks * MS_PER_TICK : undefined;
}
