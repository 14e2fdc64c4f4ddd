import { z } from 'zod';
import { type BatchStore, createBatchStore } from '../../shared/batches/batch-store.js';
import { createFairQueue } from '../../shared/queue/fair-queue.js';
import { createKeyspace, type Keyspace } from '../../shared/queue/keyspace.js';
import { parseJson } from '../../shared/queue/parse-json.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import { createJobQueue, type JobQueue } from './job-queue.js';

/** The jobs of one tenant with one model pack, where a person may have some. */
export interface PersonPlace {
  readonly model: string;
  readonly tenant: string;
}

/** The queue and the batches of one model pack. */
export interface PackJobs {
  readonly queue: JobQueue;
  readonly batches: BatchStore;
}

/** The places where jobs of persons may be kept, of all tenants and model packs. */
export interface PersonJobs {
  /** The model pack of this API. */
  readonly model: string;
  /** Returns all of them. Rejects while Redis is unavailable. */
  listPlaces(): Promise<readonly PersonPlace[]>;
  open(model: string): PackJobs;
  close(): Promise<unknown>;
}

export interface PersonJobsOptions {
  readonly redis: RedisConnection;
  readonly keys: Keyspace;
  /** Of the pack of this API. */
  readonly own: PackJobs;
  readonly retentionSeconds: number;
  readonly deadlineSeconds: number;
  readonly onError: (error: unknown) => void;
}

/** A record that is damaged must not keep the others from being erased. */
const placeSchema = z.tuple([z.string(), z.string()]);

/** Opens the queues of other packs when they are first needed. */
export function createPersonJobs(options: PersonJobsOptions): PersonJobs {
  const { redis, keys, own, ...settings } = options;
  const others = new Map<string, PackJobs>();
  const openOther = (model: string): PackJobs => {
    const its = createKeyspace({ prefix: keys.prefix, model });
    const fairQueue = createFairQueue(redis, its.prefix, its.queueName);
    const pack = { ...settings, redis, keys: its };
    const jobs = { queue: createJobQueue({ ...pack, fairQueue }), batches: createBatchStore(pack) };
    others.set(model, jobs);
    return jobs;
  };
  return {
    model: keys.model,
    listPlaces: async () => {
      const [indexed, kept] = await Promise.all([
        redis.smembers(keys.indexed),
        redis.smembers(keys.keptTenants),
      ]);
      const places = indexed.flatMap((text) => {
        const place = placeSchema.safeParse(parseJson(text));
        return place.success ? [{ model: place.data[0], tenant: place.data[1] }] : [];
      });
      // Those of earlier versions are not indexed.
      const known = new Set(places.flatMap(({ model, tenant }) => (model === keys.model ? [tenant] : [])));
      return [
        ...places,
        ...kept.filter((tenant) => !known.has(tenant)).map((tenant) => ({ model: keys.model, tenant })),
      ];
    },
    open: (model) => (model === keys.model ? own : (others.get(model) ?? openOther(model))),
    close: () => Promise.all([...others.values()].map(({ queue }) => queue.close())),
  };
}
