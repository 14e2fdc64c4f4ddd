import { setTimeout as pause } from 'node:timers/promises';
import { createGun, type Gun } from '../speed/load.js';
import { comparisonBody } from '../speed/make-photos.js';
import { DEAR_PHOTOS, type IsolationRange, SILENT_NAMES, WIDE_BOMBS, WORST } from './isolation-range.js';

/** An attack by one tenant. */
export interface Attack {
  readonly name: string;
  /** The way in which the quiet tenant gets its results. The attack targets it. */
  readonly quietBy: 'answer' | 'webhook';
  /** Starts the attack; resolves with a function that stops it. */
  start(range: IsolationRange): () => Promise<void>;
}

/** Body of the n-th request. */
type BodyOf = (range: IsolationRange, index: number) => string;

interface Stream {
  readonly path?: '/compare-faces' | '/jobs';
  readonly inFlight: number;
  readonly body: BodyOf;
  /** Sends each request under one Idempotency-Key and cancels its job at once. */
  readonly cancels?: boolean;
}

const photosOf = (urlOf: (photo: number) => string, index: number, changes: object = {}): string =>
  JSON.stringify({
    user_id: `worst-${index}`,
    back_image: urlOf(0),
    front_image1: urlOf(1),
    front_image2: urlOf(2),
    front_image3: urlOf(3),
    ...changes,
  });

/** Files of the photo host, each with different bytes at its end, so that every photo is unique. */
const files =
  (names: readonly string[]): BodyOf =>
  ({ fleet }, index) =>
    photosOf(
      (photo) => `${fleet.photoOrigin}/${names[(index + photo) % names.length]}?salt=${index}-${photo}`,
      index,
    );

/** A different address for every photo. */
const loopback = (index: number, photo: number): string =>
  `127.0.${(index % 200) + 1}.${photo + 1 + 4 * (Math.floor(index / 200) % 60)}`;

const goodPhotos: BodyOf = ({ fleet }, index) => comparisonBody('2mp', fleet.photoOrigin, index);

const silentNames: BodyOf = (_range, index) =>
  photosOf((photo) => `http://n${(index * 4 + photo) % SILENT_NAMES}.silent.test/${photo}.jpg`, index);

/** Jobs that end at once and send their webhooks to hosts that do not answer. */
const silentCallbacks: BodyOf = ({ fleet, silent }, index) =>
  photosOf((photo) => `${fleet.photoOrigin}/none-${photo}.jpg`, index, {
    callback_url: `http://${loopback(index, 0)}:${silent.port}/hook`,
  });

const attack = (name: string, streams: readonly Stream[], quietBy: Attack['quietBy'] = 'answer'): Attack => ({
  name,
  quietBy,
  start: (range) => {
    const stops = streams.map((stream) => keepSending(range, stream));
    return async () => void (await Promise.all(stops.map((stop) => stop())));
  },
});

export const ATTACKS: readonly Attack[] = [
  attack('wide PNG bombs', [{ inFlight: 8, body: files(WIDE_BOMBS) }]),
  attack('photos that cost a process', [{ inFlight: 8, body: files(DEAR_PHOTOS) }]),
  attack('silent name servers', [
    { inFlight: 16, body: silentNames },
    { path: '/jobs', inFlight: 4, body: silentNames },
  ]),
  attack('silent image hosts', [
    {
      inFlight: 24,
      body: ({ silent }, index) =>
        photosOf((photo) => `http://${loopback(index, photo)}:${silent.port}/p.jpg`, index),
    },
  ]),
  attack('drip image hosts', [
    {
      inFlight: 24,
      body: ({ drip }, index) =>
        photosOf((photo) => `http://${loopback(index, photo)}:${drip.port}/p.jpg`, index),
    },
  ]),
  attack('flood of synchronous requests', [{ inFlight: 48, body: goodPhotos }]),
  attack('flood of jobs over the depth', [{ path: '/jobs', inFlight: 16, body: goodPhotos }]),
  attack('callbacks to silent receivers', [{ path: '/jobs', inFlight: 8, body: silentCallbacks }], 'webhook'),
  attack('cancelled under one key', [{ path: '/jobs', inFlight: 4, body: goodPhotos, cancels: true }]),
];

/** Pause after a refusal, as short as an impatient client's, ms. */
const PAUSE_MS = 20;

/** Keeps `inFlight` requests in flight until stopped, which also aborts the open ones. */
function keepSending(range: IsolationRange, stream: Stream): () => Promise<void> {
  const { path = '/compare-faces', inFlight, body, cancels = false } = stream;
  const { origin } = range.fleet;
  const headers = cancels ? { ...WORST, 'idempotency-key': 'over and over' } : WORST;
  const target = { origin, path, headers };
  const gun: Gun = createGun({
    ...target,
    // With one key, every body must be the same.
    body: (index) => body(range, cancels ? 0 : index),
    onAnswer: cancels ? cancelJob(origin) : undefined,
  });
  let stopped = false;
  let next = 0;
  const send = async (): Promise<void> => {
    while (!stopped) {
      const { status } = await gun.fire(next++, performance.now());
      if (status >= 400 || status === 0) await pause(PAUSE_MS);
    }
  };
  const senders = Array.from({ length: inFlight }, send);
  return async () => {
    stopped = true;
    await gun.close();
    await Promise.all(senders);
  };
}

const cancelJob =
  (origin: string) =>
  async (answer: unknown): Promise<void> => {
    const { job_id: jobId } = answer as { job_id?: string };
    if (jobId) await fetch(`${origin}/jobs/${jobId}`, { method: 'DELETE', headers: WORST });
  };
