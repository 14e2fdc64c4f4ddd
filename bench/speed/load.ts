import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { createRandom } from '../../tools/evaluate/plan/random.js';

/** One answered request. Times in ms by performance.now(). */
export interface Shot {
  /** Intended time of sending. In an open loop, a busy sender can be later. */
  readonly intendedAt: number;
  readonly endedAt: number;
  /** HTTP status; 0 if the connection broke. */
  readonly status: number;
  readonly requestId: string;
}

export interface Target {
  readonly origin: string;
  /** Body of the n-th request. */
  readonly body: (index: number) => string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default /compare-faces. */
  readonly path?: string;
  /** Called with the parsed body of each answer. Absent: bodies are discarded. */
  readonly onAnswer?: ((answer: unknown) => Promise<void>) | undefined;
}

export interface Gun {
  fire(index: number, intendedAt: number): Promise<Shot>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 120_000;

/** Returns a sender that keeps one connection per request in flight. */
export function createGun(target: Target): Gun {
  const agent = new Agent({ connections: 4_096, pipelining: 1, headersTimeout: TIMEOUT_MS });
  return {
    fire: async (index, intendedAt) => {
      try {
        const response = await request(`${target.origin}${target.path ?? '/compare-faces'}`, {
          dispatcher: agent,
          method: 'POST',
          headers: { 'content-type': 'application/json', ...target.headers },
          body: target.body(index),
        });
        if (target.onAnswer) await target.onAnswer(await response.body.json());
        else await response.body.dump();
        const requestId = String(response.headers['x-request-id'] ?? '');
        return { intendedAt, endedAt: performance.now(), status: response.statusCode, requestId };
      } catch {
        return { intendedAt, endedAt: performance.now(), status: 0, requestId: '' };
      }
    },
    close: () => agent.destroy(),
  };
}

/** Keeps `inFlight` requests in flight for `seconds`, then waits for the open ones; returns all. */
export async function fireClosed(
  gun: Gun,
  { inFlight, seconds }: { readonly inFlight: number; readonly seconds: number },
): Promise<Shot[]> {
  const end = performance.now() + seconds * 1_000;
  const shots: Shot[] = [];
  let next = 0;
  const keepFiring = async (): Promise<void> => {
    while (performance.now() < end) shots.push(await gun.fire(next++, performance.now()));
  };
  await Promise.all(Array.from({ length: inFlight }, keepFiring));
  return shots;
}

/** Sends `count` requests, at most `inFlight` at a time, and returns all. */
export async function fireCount(
  gun: Gun,
  { inFlight, count }: { readonly inFlight: number; readonly count: number },
): Promise<Shot[]> {
  const shots: Shot[] = [];
  let next = 0;
  const keepFiring = async (): Promise<void> => {
    while (next < count) shots.push(await gun.fire(next++, performance.now()));
  };
  await Promise.all(Array.from({ length: inFlight }, keepFiring));
  return shots;
}

export interface OpenLoad {
  readonly perSecond: number;
  readonly seconds: number;
  /** Even spacing, or random times as with independent callers. */
  readonly arrivals: 'even' | 'random';
  /** Decides the random times. Default 1. */
  readonly seed?: number;
}

/**
 * Returns when the requests of an open loop are sent, ms from its start. Random times are those of a Poisson process given
 * the number of its arrivals: a short loop gets exactly the load that it is named after.
 */
export function arrivalTimes({ perSecond, seconds, arrivals, seed = 1 }: OpenLoad): readonly number[] {
  const random = createRandom(seed);
  const count = Math.max(1, Math.round(perSecond * seconds));
  const time = (index: number): number =>
    arrivals === 'even' ? (index * 1_000) / perSecond : random() * seconds * 1_000;
  return Array.from({ length: count }, (_, index) => time(index)).sort((one, other) => one - other);
}

/** Sends at fixed times, whatever the answers do, and waits for all of them: no coordinated omission. */
export async function fireOpen(gun: Gun, load: OpenLoad): Promise<Shot[]> {
  const pending: Promise<Shot>[] = [];
  const start = performance.now();
  for (const [index, due] of arrivalTimes(load).entries()) {
    const pauseMs = start + due - performance.now();
    if (pauseMs > 1) await pause(pauseMs);
    pending.push(gun.fire(index, start + due));
  }
  return Promise.all(pending);
}

/** Returns the number of answers by status; 0 for broken connections. */
export function countAnswers(shots: readonly Shot[]): Record<string, number> {
  const answers: Record<string, number> = {};
  for (const { status } of shots) answers[status] = (answers[status] ?? 0) + 1;
  return answers;
}
