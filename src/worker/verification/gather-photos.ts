import { FRONT_IMAGES, IMAGE_NAMES, type ImageName } from '../../shared/contract/compare-request.js';
import type { PhotoSource } from '../images/load-image.js';
import { analysePhoto, type PhotoResult, type PhotoResults, type PhotoSteps } from './analyse-photo.js';

// A comparison ends as soon as no remaining photo can change it. All photos are fetched at once. A fetched front whose
// analysis is not needed yet waits: an idle process may analyse it, it moves up when the photos before it do not decide,
// and it is dropped when they do.

/** Why a photo was skipped: the decision came during its download, or between its download and the end of its analysis. */
export type SkipReason = 'aborted' | 'dropped';

export interface GatherOptions {
  readonly steps: PhotoSteps;
  /**
   * Returns how many pending photos at least have to be analysed before the comparison can end; 0 once it can. A usable
   * front counts as pending while the reference is.
   */
  readonly countNeeded: (known: PhotoResults) => number;
  /** Gives up the comparison. */
  readonly signal: AbortSignal;
}

export interface Gathering {
  /**
   * Resolves with the photos known when none is needed any more.
   * @throws what `countNeeded` throws; the signal's reason if it aborts.
   */
  readonly known: Promise<PhotoResults>;
  /** Returns the photos that the decision did not wait for. */
  skipped(): ReadonlyMap<ImageName, SkipReason>;
  /** Gives up what is still going on, and forgets all embeddings. */
  end(): void;
}

/** Starts to fetch and analyse the photos of one comparison. The caller calls `end`. */
export function gatherPhotos(
  images: Readonly<Record<ImageName, PhotoSource>>,
  { steps, countNeeded, signal }: GatherOptions,
): Gathering {
  const known: Partial<Record<ImageName, PhotoResult>> = {};
  const fetched = new Set<ImageName>();
  /** Fetched fronts that are not needed yet, in order of arrival, and what moves them up. */
  const spare = new Map<ImageName, () => void>();
  const rest = new AbortController();
  let needed = countNeeded(known);
  let ended = false;

  const isPending = (name: ImageName): boolean =>
    !known[name] || (known[name].usable && known.back_image === undefined);

  const moveUp = (): void => {
    const underWay = FRONT_IMAGES.filter((name) => fetched.has(name) && !spare.has(name) && isPending(name));
    for (const [name, start] of [...spare].slice(0, Math.max(0, needed - underWay.length))) {
      spare.delete(name);
      start();
    }
  };

  const onFetched = (name: ImageName): Promise<void> | undefined => {
    fetched.add(name);
    if (name === 'back_image') return undefined;
    const whenNeeded = new Promise<void>((resolve) => spare.set(name, resolve));
    moveUp();
    return spare.has(name) ? whenNeeded : undefined;
  };

  const settle = (name: ImageName, result: PhotoResult): void => {
    if (ended) {
      forgetEmbedding(result);
      return;
    }
    known[name] = result;
    spare.delete(name);
    needed = countNeeded(known);
    moveUp();
  };

  const gather = (): Promise<PhotoResults> =>
    new Promise((resolve, reject) => {
      const follow = async (name: ImageName): Promise<void> => {
        const photo = { name, source: images[name], steps, signal: rest.signal };
        settle(name, await analysePhoto({ ...photo, onFetched: () => onFetched(name) }));
        if (needed === 0) resolve(known);
      };
      // Every probe needs the reference, so it is fetched first.
      for (const name of ['back_image', ...FRONT_IMAGES] as const) follow(name).catch(reject);
      rest.signal.addEventListener('abort', () => reject(rest.signal.reason), { once: true });
    });

  const giveUp = (): void => rest.abort(signal.reason);
  signal.addEventListener('abort', giveUp, { once: true });
  return {
    known: gather(),
    skipped: () =>
      new Map(
        IMAGE_NAMES.filter((name) => !known[name]).map((name) => [
          name,
          fetched.has(name) ? 'dropped' : 'aborted',
        ]),
      ),
    end: () => {
      ended = true;
      signal.removeEventListener('abort', giveUp);
      rest.abort();
      for (const photo of Object.values(known)) forgetEmbedding(photo);
    },
  };
}

/** Embeddings are biometric data: they live no longer than the comparison. */
function forgetEmbedding(photo: PhotoResult): void {
  if (photo.usable) photo.analysis.embedding.fill(0);
}
