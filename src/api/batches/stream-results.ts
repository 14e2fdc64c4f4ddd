import { batchJobId } from '../../shared/batches/batch-id.js';
import type { BatchRecord } from '../../shared/batches/batch-store.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import { isRunning } from '../jobs/job-queue.js';
import { findJobView, type ReadJobDependencies } from '../jobs/read-job-view.js';
import { withQueue } from '../jobs/with-queue.js';

/** Jobs read in one exchange with Redis, and held in memory at a time. */
const JOBS_AT_A_TIME = 20;

export interface ResultsOptions {
  /** True to leave out jobs that have not ended. */
  readonly endedOnly: boolean;
  /** Called if the results cannot be read to their end. It must cut the connection, so that the caller notices. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Returns the views of a batch's jobs in their order as NDJSON, without jobs that are no longer kept. Reads on only when the
 * caller has taken what was read before.
 */
export function streamResults(
  batch: BatchRecord,
  { endedOnly, onFailure }: ResultsOptions,
  deps: ReadJobDependencies & { readonly redis: RedisConnection },
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let place = 1;
  const readSome = async (): Promise<string> => {
    const places = Array.from(
      { length: Math.min(JOBS_AT_A_TIME, batch.total - place + 1) },
      (_, n) => place + n,
    );
    place += places.length;
    const views = await withQueue(deps.redis, () =>
      Promise.all(
        places.map((each) =>
          findJobView(batchJobId({ batchId: batch.batchId, place: each }), batch.tenant, deps),
        ),
      ),
    );
    return views
      .filter((view) => view && !(endedOnly && isRunning(view.status)))
      .map((view) => `${JSON.stringify(view)}\n`)
      .join('');
  };
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          let text = '';
          while (text === '' && place <= batch.total) text = await readSome();
          if (text === '') controller.close();
          else controller.enqueue(encoder.encode(text));
        } catch (error) {
          onFailure(error);
          throw error;
        }
      },
    },
    { highWaterMark: 0 },
  );
}
