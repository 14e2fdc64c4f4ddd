import type { PackIdentity } from '../pack/model-pack.js';
import { startVisionChild, type VisionChild, type VisionChildOptions } from './vision-child.js';

export interface RosterOptions extends VisionChildOptions {
  readonly processes: number;
}

export interface RosterEvents {
  /** A process has loaded its models and waits for work. */
  readonly onReady: (child: VisionChild) => void;
  /** A process ended, for whatever reason. */
  readonly onGone: (child: VisionChild) => void;
  /** No working process is left, and several starts in a row failed. Attempts continue, with pauses. */
  readonly onNoneLeft: (cause: unknown) => void;
}

/** Pauses before another attempt to start a process that could not load its models. */
const RESTART_PAUSES_MS = [250, 1_000, 5_000, 30_000] as const;

/** A single failed start may be a crash; several in a row mean that the models cannot be loaded. */
const FAILURES_UNTIL_NONE_LEFT = 3;

/** Time after which a process that has not loaded its models is given up. */
const START_LIMIT_MS = 120_000;

/**
 * Keeps a number of vision processes alive. A process that worked is replaced at once; one that cannot load the models of
 * the others is started again after a pause.
 */
export class ProcessRoster {
  /** Resolves when all have loaded their models. Rejects with the message of the first that cannot, and then closes. */
  readonly firstStart: Promise<PackIdentity>;
  readonly #options: RosterOptions;
  readonly #events: RosterEvents;
  readonly #children = new Set<VisionChild>();
  readonly #working = new Set<VisionChild>();
  readonly #pauses = new Set<NodeJS.Timeout>();
  #identity: PackIdentity | undefined;
  #restarts = 0;
  #failures = 0;
  #isClosed = false;

  constructor(options: RosterOptions, events: RosterEvents) {
    this.#options = options;
    this.#events = events;
    this.firstStart = this.#startAll();
  }

  /** Processes that have loaded their models. */
  get alive(): number {
    return this.#working.size;
  }

  /** Processes started to replace lost ones. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Kills every process and starts no more. Resolves when all have ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const pause of this.#pauses) clearTimeout(pause);
    const children = [...this.#children];
    for (const child of children) child.kill('closed');
    await Promise.all(children.map((child) => child.ended));
  }

  async #startAll(): Promise<PackIdentity> {
    try {
      const [identity] = await Promise.all(
        Array.from({ length: this.#options.processes }, () => this.#start()),
      );
      if (!identity) throw new Error('A vision pool needs at least one process');
      return identity;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Starts one process. Rejects if it cannot load its models. */
  async #start(): Promise<PackIdentity> {
    const child = startVisionChild(this.#options);
    this.#children.add(child);
    void child.ended.then(() => this.#onEnded(child));
    const limit = setTimeout(() => child.kill('deadline'), START_LIMIT_MS);
    try {
      const identity = await child.ready;
      this.#identity ??= identity;
      // Comparing embeddings of two models is meaningless.
      if (!areSameModels(identity, this.#identity))
        throw new Error(
          'The model files have changed since the worker loaded them. Start it again to use the new ones.',
        );
      this.#working.add(child);
      this.#failures = 0;
      this.#events.onReady(child);
      return identity;
    } catch (error) {
      child.kill('closed');
      throw error;
    } finally {
      clearTimeout(limit);
    }
  }

  #onEnded(child: VisionChild): void {
    this.#children.delete(child);
    this.#events.onGone(child);
    // If it never worked, #start has already rejected.
    if (this.#working.delete(child) && !this.#isClosed) this.#replace();
  }

  #replace(): void {
    this.#restarts += 1;
    this.#start().catch((error: unknown) => {
      if (this.#isClosed) return;
      const pauseMs = RESTART_PAUSES_MS[this.#failures] ?? RESTART_PAUSES_MS.at(-1);
      this.#failures += 1;
      if (this.alive === 0 && this.#failures >= FAILURES_UNTIL_NONE_LEFT) this.#events.onNoneLeft(error);
      const pause = setTimeout(() => {
        this.#pauses.delete(pause);
        this.#replace();
      }, pauseMs);
      this.#pauses.add(pause);
    });
  }
}

function areSameModels(one: PackIdentity, other: PackIdentity): boolean {
  return one.detector === other.detector && one.recogniser === other.recogniser;
}
