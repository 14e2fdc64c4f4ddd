import type { IncomingMessage, ServerResponse } from 'node:http';
import { cropFace, OTHER_PERSON, photoWithoutFace, SAME_PERSON } from '../../test/support/photos/photos.js';
import { dataUrlOf } from '../../test/support/photos/upload-photos.js';
import type { ImageServer } from '../../test/support/servers/image-server.js';
import { createNamedRandom } from './random.js';
import type { Tally } from './tally.js';

/** A request and its required outcome, whatever breaks meanwhile. */
export interface Case {
  readonly body: object;
  /** Photos that are sent as files beside `body`, by field. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  /** `true`, `false` or an error code. */
  readonly expected: string;
}

/** Returns the request of the job with this number; the same for the same seed. */
export type CaseOf = (index: number) => Case;

/** Small photos, so that ten thousand jobs take minutes. */
const WIDTH_PX = 160;
const IMAGES = ['front_image1', 'front_image2', 'front_image3', 'back_image'] as const;
/** Faults of an image host. */
const MOODS = ['image_errors', 'image_resets'] as const;
type Mood = (typeof MOODS)[number];

/**
 * Serves the photos and returns the requests of which a run is made: match (of URLs, data: URLs and files in turn), match
 * from a bad host, non-match, no face.
 */
export async function prepareCases(images: ImageServer, seed: number, tally: Tally): Promise<CaseOf> {
  const [first, second] = SAME_PERSON;
  const crop = { widthPx: WIDTH_PX, margin: 0.3 };
  const photos = {
    front_image1: await cropFace(first, { ...crop, margin: 0.2, quality: 75 }),
    front_image2: await cropFace(second, crop),
    front_image3: await cropFace(second, { ...crop, margin: 0.2, quality: 80 }),
    back_image: await cropFace(first, crop),
  };
  const same = Object.fromEntries(
    IMAGES.map((name) => [name, images.serve(`/${name}.jpg`, photos[name])] as const),
  );
  const other = images.serve('/other.jpg', await cropFace(OTHER_PERSON, crop));
  const faceless = images.serve('/faceless.jpg', await photoWithoutFace());
  const strangers = { front_image1: other, front_image2: other, front_image3: other };
  const uploaded = Object.fromEntries(IMAGES.map((name) => [name, dataUrlOf(photos[name])] as const));
  const matches = [{ body: same }, { body: uploaded }, { body: {}, files: photos }] as const;
  const moods = createMoods(seed, tally);
  const moody = IMAGES.map((name) =>
    images.serve(`/moody-${name}.jpg`, (request, response) => moods(request, response, photos[name])),
  );
  return (index) => {
    const round = Math.floor(index / IMAGES.length);
    const name = IMAGES[round % IMAGES.length] ?? 'back_image';
    const url = `${moody[round % IMAGES.length]}?job=${index}`;
    switch (index % 4) {
      case 0:
        return { ...(matches[round % matches.length] ?? matches[0]), expected: 'true' };
      case 1:
        return { body: { ...same, [name]: url, min_matches: 3, threshold: 0.2 }, expected: 'true' };
      case 2:
        return { body: { ...same, ...strangers }, expected: 'false' };
      default:
        return { body: { ...same, back_image: faceless }, expected: 'face_not_found' };
    }
  };
}

/**
 * Returns a host that fails the first one or two requests for a job's photo and answers all others. It never hangs: a
 * photo that is not answered in time is not asked for again.
 */
function createMoods(seed: number, tally: Tally) {
  const left = new Map<string, Mood[]>();
  return (request: IncomingMessage, response: ServerResponse, photo: Buffer): void => {
    const job = request.url ?? '';
    const moods = left.get(job) ?? drawMoods(seed, job);
    left.set(job, moods);
    const mood = moods.shift();
    if (!mood) {
      response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': photo.length }).end(photo);
      return;
    }
    tally.faults[mood] += 1;
    if (mood === 'image_errors') response.writeHead(503).end();
    if (mood === 'image_resets') request.socket.resetAndDestroy();
  };
}

function drawMoods(seed: number, job: string): Mood[] {
  const random = createNamedRandom(seed, job);
  const first = random.pick(MOODS);
  const second = random.pick(MOODS);
  return random.next() < 0.5 ? [first] : [first, second];
}
