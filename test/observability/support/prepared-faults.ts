import type { ServerResponse } from 'node:http';
import { jpegSegment, withJpegSegments } from '../../support/builders/jpeg-builder.js';
import { uploadPhotos } from '../../support/photos/upload-photos.js';
import type { ImageServer } from '../../support/servers/image-server.js';
import { type OpenQueues, openQueues } from '../../support/servers/open-queues.js';

/** A photo whose downloads wait. */
export interface HeldPhoto {
  readonly url: string;
  /** Downloads so far. */
  readonly open: readonly ServerResponse[];
  /** Makes them fail, and later ones too. */
  end(): void;
}

/** Serves a photo at this path, whose downloads wait until `end`. */
export function holdPhoto(images: ImageServer, path: string): HeldPhoto {
  const open: ServerResponse[] = [];
  const url = images.serve(path, (_request, response) => open.push(response));
  const end = (): void => {
    images.serve(path, (_request, response) => response.writeHead(404).end());
    for (const response of open) response.destroy();
  };
  return { url, open, end };
}

/** Returns photos of one person in files of about this size. */
export async function largePhotos(bytes: number): Promise<Readonly<Record<string, Buffer>>> {
  const comment = jpegSegment(0xfe, Buffer.alloc(65_000));
  const enlarge = (photo: Buffer): Buffer =>
    withJpegSegments(photo, Array(Math.ceil((bytes - photo.length) / comment.length)).fill(comment));
  const photos = Object.entries(await uploadPhotos());
  return Object.fromEntries(photos.map(([name, photo]) => [name, enlarge(photo)]));
}

/** Writes a text where the job was that ended last, as another program would that uses our names. Returns its key. */
export function damageEndedJob(redisUrl: string): Promise<string> {
  return withQueues(redisUrl, async ({ queue, redis }) => {
    const [job] = await queue.getCompleted(0, 0);
    if (!job?.id) throw new Error('no job has ended');
    const key = queue.toKey(job.id);
    await redis.multi().del(key).set(key, 'not a job').exec();
    return key;
  });
}

/** Removes what `damageEndedJob` has written. */
export function removeRecord(redisUrl: string, key: string): Promise<number> {
  return withQueues(redisUrl, ({ redis }) => redis.del(key));
}

/** Writes a threshold that is no number into the jobs that start next. */
export function damageWaitingJobs(redisUrl: string, count: number): Promise<void> {
  return withQueues(redisUrl, async ({ queue, redis }) => {
    for (const { id = '', data } of await queue.getPrioritized(0, count - 1))
      await redis.hset(queue.toKey(id), 'data', JSON.stringify({ ...data, threshold: 'high' }));
  });
}

/** Only for the moment: other tests stop Redis. */
async function withQueues<T>(redisUrl: string, work: (queues: OpenQueues) => Promise<T>): Promise<T> {
  const queues = openQueues(redisUrl);
  try {
    return await work(queues);
  } finally {
    await queues.close();
  }
}
