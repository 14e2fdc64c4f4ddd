import { Redis } from 'ioredis';
import type { Tally } from './tally.js';
import { QUEUE_KEY } from './watch-recovery.js';

/** Follows the queue's own events. */
export interface EndFollower {
  /** Jobs that ended. */
  readonly seen: () => number;
  stop(): Promise<void>;
}

type Entries = [id: string, fields: string[]][];

/** Starts to read the queue's event stream, in which every job must end only once, even an unknown one. */
export function followEnds(redisUrl: string, tally: Tally): EndFollower {
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null, retryStrategy: () => 100 });
  redis.on('error', () => undefined);
  const ended = new Map<string, string>();
  let stopped = false;
  const note = (fields: readonly string[]): void => {
    const event = Object.fromEntries(
      fields.flatMap((name, index) => (index % 2 === 0 ? [[name, fields[index + 1] ?? '']] : [])),
    );
    if (event.event !== 'completed' && event.event !== 'failed') return;
    const { jobId = '' } = event;
    if (ended.has(jobId)) {
      tally.verdicts.ended_twice += 1;
      console.error('ENDED TWICE', { jobId, first: ended.get(jobId), second: JSON.stringify(event) });
    }
    ended.set(jobId, JSON.stringify(event));
  };
  const follow = async (): Promise<void> => {
    let last = '0';
    while (!stopped) {
      const reply = (await redis.xread('BLOCK', 500, 'STREAMS', `${QUEUE_KEY}:events`, last)) as
        | [stream: string, entries: Entries][]
        | null;
      for (const [id, fields] of reply?.[0]?.[1] ?? []) {
        note(fields);
        last = id;
      }
    }
  };
  const following = follow();
  return {
    seen: () => ended.size,
    stop: async () => {
      stopped = true;
      await following;
      redis.disconnect();
    },
  };
}
