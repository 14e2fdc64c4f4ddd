import { hash } from 'node:crypto';
import { VerificationError } from '../../../shared/errors.js';
import type { PackIdentity, PackOptions } from '../pack/model-pack.js';
import type { FaceAnalysis, VisionSettings } from '../types.js';
import { createImageStrikes } from './image-strikes.js';
import { ProcessRoster } from './process-roster.js';
import { type LossReason, type VisionChild, VisionChildLost } from './vision-child.js';
import { watchDeadline } from './watch-deadline.js';

// A photo is queued, then given to an idle process, then answered.
// If the process is lost meanwhile (crash, deadline, memory), the photo returns to the head of the queue once, because the
// machine may have caused the loss. After a second loss the pool refuses the photo, its queued copies and later copies.
// Copies share that one retry: while a copy of a photo with a loss runs, the others wait for its outcome.

export interface VisionPoolOptions {
  readonly settings: VisionSettings;
  readonly manifest: PackOptions['manifest'];
  /** Number of processes. Together with `settings.intraOpThreads` per process, at most the number of cores. */
  readonly processes: number;
  /** Resident memory above which a process is killed, even during a photo, bytes. */
  readonly memoryLimitBytes: number;
  /** Environment of the processes, which inherit nothing: LD_PRELOAD, CUDA_VISIBLE_DEVICES, … Default empty. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Called for every process lost during a photo, with the losses of that photo so far. */
  readonly onLost?: ((reason: LossInWork, strikes: number) => void) | undefined;
  /** Called when all processes are lost and three starts in a row have failed, although the first starts succeeded. */
  readonly onNoneLeft?: ((cause: unknown) => void) | undefined;
}

/** Reasons for losing a process during a photo. */
export type LossInWork = Exclude<LossReason, 'closed'>;

export interface AnalyseOptions {
  /**
   * Processor time after which the process is killed, ms; four times as much by the clock, because the photo is not to
   * blame for a busy machine. A retry starts from zero.
   */
  readonly deadlineMs: number;
  /** Abandons the photo: a queued one is never started; the result of a running one is dropped when its process is free. */
  readonly signal?: AbortSignal;
}

export interface VisionPoolStats {
  /** Processes that have loaded their models. */
  readonly alive: number;
  readonly busy: number;
  /** Photos waiting for a process. */
  readonly queued: number;
  /** Processes started to replace lost ones. */
  readonly restarts: number;
  /** Processes lost during a photo, by reason. */
  readonly lost: Readonly<Record<LossInWork, number>>;
}

export interface VisionPool {
  /**
   * Returns the analysis of a photo.
   * @throws VerificationError as analyseImage; image_undecodable also for a photo that two processes were lost to;
   *   model_failure if no process can be started. The signal's reason if it aborts.
   */
  analyse(bytes: Uint8Array, options: AnalyseOptions): Promise<FaceAnalysis>;
  /** Resolves when every process has loaded its models. @throws Error with a message for the operator if one cannot. */
  ready(): Promise<PackIdentity>;
  stats(): VisionPoolStats;
  /** Accepts no more photos, finishes the accepted ones, then ends the processes. */
  close(): Promise<void>;
}

interface Task extends AnalyseOptions {
  readonly bytes: Uint8Array;
  /** SHA-256 of the photo, made when it is first asked for: hardly any photo has losses to look up. */
  readonly digest: () => string;
  readonly resolve: (analysis: FaceAnalysis) => void;
  readonly reject: (error: unknown) => void;
}

/** Lost processes after which a photo is refused. */
const MAX_STRIKES = 2;

/** Interval of memory checks on a busy process. Decoders fill about 1 GB a second, so the limit is exceeded by up to 50 MB. */
const MEMORY_CHECK_MS = 50;

/** Starts the processes and returns their pool. */
export function createVisionPool(options: VisionPoolOptions): VisionPool {
  return new ProcessPool(options);
}

class ProcessPool implements VisionPool {
  readonly #roster: ProcessRoster;
  readonly #memoryLimitBytes: number;
  readonly #reportLoss: VisionPoolOptions['onLost'];
  readonly #strikes = createImageStrikes();
  readonly #idle = new Set<VisionChild>();
  readonly #lost = { crash: 0, deadline: 0, memory: 0 };
  readonly #running = new Set<Task>();
  #queue: Task[] = [];
  #closing: Promise<void> | undefined;
  /** Why no process can take a photo now. */
  #failure: { readonly cause: unknown } | undefined;
  #onDrained: (() => void) | undefined;

  constructor(options: VisionPoolOptions) {
    const { settings, manifest, processes, environment = {} } = options;
    this.#memoryLimitBytes = options.memoryLimitBytes;
    this.#reportLoss = options.onLost;
    this.#roster = new ProcessRoster(
      { settings, manifest, environment, processes },
      {
        onReady: (child) => this.#offer(child),
        onGone: (child) => this.#idle.delete(child),
        onNoneLeft: (cause) => {
          this.#failQueue(cause);
          options.onNoneLeft?.(cause);
        },
      },
    );
    this.#roster.firstStart.catch((cause: unknown) => this.#failQueue(cause));
  }

  analyse(bytes: Uint8Array, options: AnalyseOptions): Promise<FaceAnalysis> {
    return new Promise((resolve, reject) => {
      options.signal?.throwIfAborted();
      if (this.#closing !== undefined) throw new Error('this is a bug: the vision pool is closed');
      if (this.#failure !== undefined) throw new VerificationError('model_failure', this.#failure);
      const digest = once(() => hash('sha256', bytes));
      if (this.#lossesOf({ digest }) >= MAX_STRIKES) throw tooCostly('repeated');
      const abandon = () => this.#abandon(task);
      const settled = () => options.signal?.removeEventListener('abort', abandon);
      const task: Task = {
        ...options,
        bytes,
        digest,
        resolve: (analysis) => {
          settled();
          resolve(analysis);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      };
      options.signal?.addEventListener('abort', abandon);
      this.#queue.push(task);
      this.#feed();
    });
  }

  ready(): Promise<PackIdentity> {
    return this.#roster.firstStart;
  }

  stats(): VisionPoolStats {
    return {
      alive: this.#roster.alive,
      busy: this.#running.size,
      queued: this.#queue.length,
      restarts: this.#roster.restarts,
      lost: { ...this.#lost },
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#drain().then(() => this.#roster.close());
    return this.#closing;
  }

  async #drain(): Promise<void> {
    if (this.#queue.length + this.#running.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onDrained = resolve;
    });
  }

  #offer(child: VisionChild): void {
    this.#failure = undefined;
    this.#idle.add(child);
    this.#feed();
  }

  #feed(): void {
    for (const child of this.#idle) {
      const task = this.#takeNext();
      if (!task) break;
      this.#idle.delete(child);
      void this.#run(task, child);
    }
    if (this.#queue.length + this.#running.size === 0) this.#onDrained?.();
  }

  /** Removes the first photo that can run now from the queue. */
  #takeNext(): Task | undefined {
    const index = this.#queue.findIndex((task) => !this.#awaitsCopy(task));
    return index === -1 ? undefined : this.#queue.splice(index, 1)[0];
  }

  /** True if a copy of this photo, which has a loss, is running: its outcome decides about this one too. */
  #awaitsCopy(task: Task): boolean {
    if (this.#lossesOf(task) === 0) return false;
    return [...this.#running].some((other) => other.digest() === task.digest());
  }

  #lossesOf({ digest }: Pick<Task, 'digest'>): number {
    return this.#strikes.isEmpty() ? 0 : this.#strikes.count(digest());
  }

  async #run(task: Task, child: VisionChild): Promise<void> {
    this.#running.add(task);
    const stopWatching = watchDeadline(child, task.deadlineMs);
    const memoryCheck = setInterval(() => this.#checkMemory(child), MEMORY_CHECK_MS);
    try {
      const analysis = await child.analyse(task.bytes);
      if (!this.#strikes.isEmpty()) this.#strikes.clear(task.digest());
      if (task.signal?.aborted) analysis.embedding.fill(0);
      task.signal?.throwIfAborted();
      task.resolve(analysis);
    } catch (error) {
      if (error instanceof VisionChildLost) this.#onLost(task, error);
      else task.reject(error);
    } finally {
      stopWatching();
      clearInterval(memoryCheck);
      this.#running.delete(task);
    }
    if (child.usage.rssBytes > this.#memoryLimitBytes) child.kill('memory');
    else if (child.isUsable) this.#idle.add(child);
    this.#feed();
  }

  #checkMemory(child: VisionChild): void {
    const rssBytes = child.readRss();
    if (rssBytes !== undefined && rssBytes > this.#memoryLimitBytes) child.kill('memory');
  }

  #onLost(task: Task, { reason }: VisionChildLost): void {
    const strikes = this.#strikes.add(task.digest());
    if (reason !== 'closed') {
      this.#lost[reason] += 1;
      this.#reportLoss?.(reason, strikes);
    }
    if (strikes >= MAX_STRIKES) this.#strikeOut(task, reason);
    else if (task.signal?.aborted) task.reject(task.signal.reason);
    else this.#queue.unshift(task);
  }

  /** Refuses a photo and all its queued copies. */
  #strikeOut(task: Task, reason: LossReason): void {
    const isCopy = ({ digest }: Task) => digest() === task.digest();
    const copies = this.#queue.filter(isCopy);
    this.#queue = this.#queue.filter((other) => !isCopy(other));
    task.reject(tooCostly(reason));
    for (const copy of copies) copy.reject(tooCostly('repeated'));
  }

  /** A running photo keeps its caller waiting, so that what it costs is charged to whom it belongs. */
  #abandon(task: Task): void {
    if (this.#running.has(task)) return;
    this.#queue = this.#queue.filter((other) => other !== task);
    task.reject(task.signal?.reason);
  }

  #failQueue(cause: unknown): void {
    this.#failure = { cause };
    const failed = this.#queue;
    this.#queue = [];
    for (const task of failed) task.reject(new VerificationError('model_failure', { cause }));
    this.#feed();
  }
}

/** Returns a function that calls `make` once, on its first call. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function tooCostly(reason: LossReason | 'repeated'): VerificationError {
  return new VerificationError('image_undecodable', { context: { reason: `process_lost_${reason}` } });
}
