import type { PackIdentity } from '../pack/model-pack.js';
import { startVisionChild, type VisionChild, type VisionChildOptions } from './vision-child.js';

export interface RosterOptions extends VisionChildOptions {
  readonly processes: number;
}

export interface RosterEvents {
  /** A process has loaded its models and waits for work. */
  readonly onReady: (child: VisionChild) => void;
  /** A process is gone, whatever ended it. */
  readonly onGone: (child: VisionChild) => void;
  /** None is left that works, and none could be started several times in a row; attempts go on, with pauses. */
  readonly onNoneLeft: (cause: unknown) => void;
}

/** Pauses before a process that could not load its models is started again. */
const RESTART_PAUSES_MS = [250, 1_000, 5_000, 30_000] as const;

/** One that fails to start may have crashed, as any may; several in a row have no models to load. */
const FAILURES_UNTIL_NONE_LEFT = 3;

/** A process that has not loaded its models by then never will. */
const START_LIMIT_MS = 120_000;

/**
 * Keeps a number of vision processes alive: who is lost is replaced, at once after work, with pauses when it cannot load
 * the models that the others have loaded.
 */
export class ProcessRoster {
  /** Resolves when all have loaded their models; rejects with the words of the first that cannot, and then gives up. */
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

  /** Processes started in the place of lost ones. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Ends every process at once and starts no more. Resolves when they are gone. */
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

  /** Starts one process; rejects when it cannot load its models. */
  async #start(): Promise<PackIdentity> {
    const child = startVisionChild(this.#options);
    this.#children.add(child);
    void child.ended.then(() => this.#onEnded(child));
    const limit = setTimeout(() => child.kill('deadline'), START_LIMIT_MS);
    try {
      const identity = await child.ready;
      this.#identity ??= identity;
      // Embeddings of two models compare to nothing that means anything.
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
    // One that never worked is the business of who started it.
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
