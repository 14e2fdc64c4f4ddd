import { Job, type JobJson, type MinimalQueue, Queue, Worker } from 'bullmq';
import { parseJson } from './parse-json.js';

/** A job whose data reads as `{}` when it is no JSON object; our schemas refuse that, where BullMQ would throw. */
class ReadableJob extends Job {
  // BullMQ declares it for any data type, and so for none.
  // biome-ignore lint/suspicious/noExplicitAny: the signature of the method that this overrides.
  static override fromJSON(queue: MinimalQueue, json: JobJson, jobId?: string): Job<any, any, any, any> {
    const data = isObject(parseJson(json.data)) ? json.data : '{}';
    const job = Job.fromJSON(queue, { ...json, data }, jobId);
    // Times of a job are shown; this one is always read.
    if (Number.isNaN(new Date(job.timestamp).getTime())) job.timestamp = job.processedOn ?? Date.now();
    return job;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A queue that gives a job with broken JSON out as one without data. */
export class ReadableQueue<Data, Result> extends Queue<Data, Result> {
  protected override get Job(): typeof Job {
    return ReadableJob as typeof Job;
  }
}

/**
 * A worker that runs a job with broken JSON as one without data. BullMQ's own would take it up and lose it every few
 * seconds, for ever.
 */
export class ReadableWorker<Data, Result> extends Worker<Data, Result> {
  protected override get Job(): typeof Job {
    return ReadableJob as typeof Job;
  }
}
