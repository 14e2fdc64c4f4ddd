import type { IncomingMessage, ServerResponse } from 'node:http';
import { cropFace, OTHER_PERSON, photoWithoutFace, SAME_PERSON } from '../../test/support/photos/photos.js';
import { dataUrlOf } from '../../test/support/photos/upload-photos.js';
import type { ImageServer } from '../../test/support/servers/image-server.js';
import { padPhoto } from './pad-photo.js';
import { createNamedRandom } from './random.js';
import type { Tally } from './tally.js';

/** How the photos of a request are sent. */
export type Way = 'urls' | 'data_urls' | 'files' | 'mixed';

/** A request and its required outcome, whatever breaks meanwhile. */
export interface Case {
  readonly body: object;
  /** Photos that are sent as files beside `body`, by field. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  readonly way: Way;
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

/** Size of an uploaded photo, bytes: three pieces in Redis. */
const UPLOAD_BYTES = 300_000;

/** A photo and its URL. */
interface Source {
  readonly url: string;
  readonly photo: Buffer;
}

export interface CaseOptions {
  readonly seed: number;
  /** Share of the requests that carry photos, 0..1. */
  readonly uploads: number;
  readonly tally: Tally;
}

/**
 * Serves the photos and returns the requests of which a run is made: match, match from a bad host, non-match, no face; a share
 * of each with photos in data: URLs, in files, or in both.
 */
export async function prepareCases(
  images: ImageServer,
  { seed, uploads, tally }: CaseOptions,
): Promise<CaseOf> {
  const [first, second] = SAME_PERSON;
  const crop = { widthPx: WIDTH_PX, margin: 0.3 };
  const serve = (name: string, photo: Buffer): Source => ({
    url: images.serve(`/${name}.jpg`, photo),
    photo: padPhoto(photo, UPLOAD_BYTES),
  });
  const photos = {
    front_image1: await cropFace(first, { ...crop, margin: 0.2, quality: 75 }),
    front_image2: await cropFace(second, crop),
    front_image3: await cropFace(second, { ...crop, margin: 0.2, quality: 80 }),
    back_image: await cropFace(first, crop),
  };
  const same = Object.fromEntries(IMAGES.map((name) => [name, serve(name, photos[name])] as const));
  const other = serve('other', await cropFace(OTHER_PERSON, crop));
  const strangers = { ...same, front_image1: other, front_image2: other, front_image3: other };
  const faceless = { ...same, back_image: serve('faceless', await photoWithoutFace()) };
  const moods = createMoods(seed, tally);
  const moody = IMAGES.map((name) =>
    images.serve(`/moody-${name}.jpg`, (request, response) => moods(request, response, photos[name])),
  );
  const wayOf = (index: number): Way => {
    const random = createNamedRandom(seed, `way-${index}`);
    return random.next() < uploads ? random.pick(['data_urls', 'files', 'mixed']) : 'urls';
  };
  return (index) => {
    const place = Math.floor(index / IMAGES.length) % IMAGES.length;
    const way = wayOf(index);
    switch (index % 4) {
      case 0:
        return { ...send(same, way), way, expected: 'true' };
      case 1: {
        const { [IMAGES[place] ?? 'back_image']: _replaced, ...others } = same;
        const sent = send(others, way);
        const url = { [IMAGES[place] ?? 'back_image']: `${moody[place]}?job=${index}` };
        const body = { ...sent.body, ...url, min_matches: 3, threshold: 0.2 };
        return { ...sent, body, way, expected: 'true' };
      }
      case 2:
        return { ...send(strangers, way), way, expected: 'false' };
      default:
        return { ...send(faceless, way), way, expected: 'face_not_found' };
    }
  };
}

/** Returns the parts of a request with these photos. */
function send(sources: Readonly<Record<string, Source>>, way: Way): Pick<Case, 'body' | 'files'> {
  const entries = Object.entries(sources);
  const ways = way === 'mixed' ? (['files', 'data_urls', 'urls'] as const) : ([way] as const);
  const sentAs = (wanted: Way) => entries.filter((_entry, index) => ways[index % ways.length] === wanted);
  const urls = sentAs('urls').map(([name, { url }]) => [name, url] as const);
  const inline = sentAs('data_urls').map(([name, { photo }]) => [name, dataUrlOf(photo)] as const);
  const files = sentAs('files').map(([name, { photo }]) => [name, photo] as const);
  const body = Object.fromEntries([...urls, ...inline]);
  return files.length === 0 ? { body } : { body, files: Object.fromEntries(files) };
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
