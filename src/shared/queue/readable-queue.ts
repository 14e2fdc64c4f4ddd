import { setTimeout } from 'node:timers/promises';
import { Job, type JobJson, type MinimalQueue, Queue, Worker } from 'bullmq';
import { parseJson } from './parse-json.js';

/** A job whose data reads as `{}` if it is not a JSON object. Our schemas refuse that, while BullMQ would throw. */
class ReadableJob extends Job {
  // BullMQ declares it for any data type.
  // biome-ignore lint/suspicious/noExplicitAny: the signature of the method that this overrides.
  static override fromJSON(queue: MinimalQueue, json: JobJson, jobId?: string): Job<any, any, any, any> {
    const data = isObject(parseJson(json.data)) ? json.data : '{}';
    const job = Job.fromJSON(queue, { ...json, data }, jobId);
    // Callers see the times of a job, and this one must be valid.
    if (Number.isNaN(new Date(job.timestamp).getTime())) job.timestamp = job.processedOn ?? Date.now();
    return job;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A queue that returns a job with broken JSON as a job without data. */
export class ReadableQueue<Data, Result> extends Queue<Data, Result> {
  protected override get Job(): typeof Job {
    return ReadableJob as typeof Job;
  }
}

/** Pause after Redis refused a command, ms. */
const REST_MS = 1_000;

/**
 * A worker that runs a job with broken JSON as a job without data, and pauses for a second after Redis refused a command
 * because it is full or a right is missing. BullMQ's own worker would take such a job and lose it every few seconds, forever,
 * and repeat the command without a pause.
 */
export class ReadableWorker<Data, Result> extends Worker<Data, Result> {
  private isResting = false;

  constructor(...args: ConstructorParameters<typeof Worker<Data, Result>>) {
    super(...args);
    this.on('error', (error) => {
      if (error.name === 'ReplyError' && !this.isResting) void this.rest();
    });
  }

  private async rest(): Promise<void> {
    this.isResting = true;
    await this.pause(true);
    await setTimeout(REST_MS, undefined, { ref: false });
    this.isResting = false;
    if (!this.closing) await this.resume();
  }

  protected override get Job(): typeof Job {
    return ReadableJob as typeof Job;
  }
}
