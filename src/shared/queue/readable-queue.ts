import { setTimeout } from 'node:timers/promises';
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

/** Pause after Redis refused a command, ms. */
const REST_MS = 1_000;

/**
 * A worker that runs a job with broken JSON as one without data, and rests for a second after Redis refused a command,
 * because it is full or lacks a right. BullMQ's own would take such a job up and lose it every few seconds, for ever, and
 * repeat the command without a pause.
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
