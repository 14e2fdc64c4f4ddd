import type { Random } from '../../tools/evaluate/plan/random.js';
import type { Clock } from './clock.js';
import type { GateModel, WaitingPhoto } from './gate-model.js';
import type { Station, Visit } from './station.js';

// One comparison in a worker, as src/worker/verification/gather-photos.ts and decide.ts run it with `min_matches` 2: all
// photos are fetched at once, a fetched front beyond those needed is spare, and the first decision ends the comparison.

/** What a comparison uses, and what its steps cost. */
export interface ComparisonDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly gate: GateModel;
  /** One thread per vision process, which waits while its photo is handed over. */
  readonly vision: Station;
  /** The event loop of the worker. */
  readonly program: Station;
  /** The photo host, if it shares the machine. */
  readonly host?: Station | undefined;
  readonly costs: PhotoCosts;
}

/** Cost of the photos of one comparison. */
export interface PhotoCosts {
  /** Measured processor times of the analysis of the reference and of each front, ms. */
  readonly visionMs: readonly [readonly number[], readonly number[], readonly number[], readonly number[]];
  /** Processor time of the worker to fetch each photo, ms. */
  readonly fetchMs: number;
  /** Processor time of the worker for each analysed photo, to hand it to a process and to receive the result, ms. */
  readonly handOverMs: number;
  /** Processor time of the photo host for each photo, ms. */
  readonly hostMs: number;
  /** Time for which a download only waits for the network, ms. */
  readonly networkMs: number;
  /** Share of fronts that do not agree with the other two, 0..1: those comparisons need the third front. */
  readonly disagreeing: number;
}

/** Reports to the worker that a comparison began or ended to wait for a slow download. */
export interface SlownessListener {
  enter(): void;
  leave(): void;
}

/** A fetch that takes longer than this makes its job a slow one, ms. As in tenant-shares/job-steps.ts. */
const SLOW_AFTER_MS = 100;
const MIN_MATCHES = 2;

interface Photo {
  readonly isReference: boolean;
  readonly agrees: boolean;
  readonly visionMs: number;
  state: 'fetching' | 'waiting' | 'analysing' | 'known';
  waiting?: WaitingPhoto;
  visit?: Visit;
}

/** Starts a comparison and calls `onDecided` when no remaining photo can change it. */
export function startComparison(
  deps: ComparisonDependencies,
  slowness: SlownessListener,
  onDecided: () => void,
): void {
  const photos = createPhotos(deps);
  const [reference, ...fronts] = photos;
  let ended = false;

  const isPending = ({ state }: Photo): boolean => state !== 'known' || reference.state !== 'known';
  const countNeeded = (): number => {
    const matches = fronts.filter((front) => !isPending(front) && front.agrees).length;
    const pending = fronts.filter(isPending).length;
    const possible = matches + pending;
    if (matches >= MIN_MATCHES || possible < MIN_MATCHES) return 0;
    return Math.min(pending, MIN_MATCHES - matches, possible - MIN_MATCHES + 1);
  };
  const moveUp = (): void => {
    const fetched = fronts.filter((front) => front.state !== 'fetching' && isPending(front));
    const spare = fetched.filter(({ state, waiting }) => state === 'waiting' && waiting?.isNeeded === false);
    const missing = countNeeded() - (fetched.length - spare.length);
    for (const { waiting } of spare.slice(0, Math.max(0, missing))) if (waiting) deps.gate.moveUp(waiting);
  };
  const end = (): void => {
    ended = true;
    for (const { waiting, visit } of photos) {
      if (waiting && deps.gate.leave(waiting)) continue;
      if (visit?.leave()) deps.gate.end();
    }
    onDecided();
  };
  const settle = (photo: Photo): void => {
    photo.state = 'known';
    if (ended) return;
    if (countNeeded() === 0) end();
    else moveUp();
  };
  const onFetched = (photo: Photo): void => {
    if (ended) return;
    photo.state = 'waiting';
    const start = (): void => {
      photo.state = 'analysing';
      photo.visit = deps.vision.visit(photo.visionMs, () => {
        // The gate first, as in compute-gate.ts: the process that is free now takes the next photo.
        deps.gate.end();
        settle(photo);
      });
    };
    photo.waiting = { isNeeded: photo.isReference, start };
    deps.gate.join(photo.waiting);
    moveUp();
  };

  for (const photo of photos) fetchPhoto(deps, slowness, () => onFetched(photo));
}

function createPhotos({ random, costs }: ComparisonDependencies): readonly [Photo, Photo, Photo, Photo] {
  const createPhoto = (index: 0 | 1 | 2 | 3): Photo => {
    const samples = costs.visionMs[index];
    const visionMs = samples[Math.floor(random() * samples.length)];
    if (visionMs === undefined) throw new Error('this is a bug: no measured photo');
    return {
      isReference: index === 0,
      agrees: random() >= costs.disagreeing,
      visionMs,
      state: 'fetching',
    };
  };
  return [createPhoto(0), createPhoto(1), createPhoto(2), createPhoto(3)];
}

function fetchPhoto(
  { clock, host, program, costs }: ComparisonDependencies,
  slowness: SlownessListener,
  onFetched: () => void,
): void {
  const isSlow = costs.networkMs > SLOW_AFTER_MS;
  if (isSlow) clock.after(SLOW_AFTER_MS, slowness.enter);
  const receive = (): void => {
    if (isSlow) slowness.leave();
    program.visit(costs.fetchMs, onFetched);
  };
  const serve = (): void => {
    if (host) host.visit(costs.hostMs, receive);
    else receive();
  };
  clock.after(costs.networkMs, serve);
}
