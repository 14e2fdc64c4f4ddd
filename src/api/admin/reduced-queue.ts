import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';

type Queue = ConstructorParameters<typeof BullMQAdapter>[0];
type Job = NonNullable<Awaited<ReturnType<BullMQAdapter['getJob']>>>;
type States = Parameters<BullMQAdapter['getJobs']>[0];

/** Fields of a job that a log line can contain, too. Everything else in its data and its result is left out. */
const SHOWN_DATA = [
  'v',
  'request_id',
  'job_id',
  'tenant',
  'sync',
  'accepted_at',
  'deadline_at',
  'failed_attempts',
];
const SHOWN_RESULT = ['ok', 'matched', 'code', 'reason', 'image'];
/** Messages of errors can quote anything. */
const HIDDEN_REASON = 'The log of the workers says why.';

export interface ReducedQueueOptions {
  /** What the board calls the queue. */
  readonly title: string;
  /** True if every failure text of its jobs is one of ours, without a URL or data. */
  readonly hasSafeReasons: boolean;
}

/**
 * A queue as the board may see it: nothing can be changed, and jobs show no photo URL, callback, user id, similarity or
 * error text of others. Overrides whatever reads more than counts.
 */
export class ReducedQueue extends BullMQAdapter {
  readonly #hasSafeReasons: boolean;

  constructor(queue: Queue, { title, hasSafeReasons }: ReducedQueueOptions) {
    super(queue, { readOnlyMode: true, allowRetries: false, displayName: title });
    this.#hasSafeReasons = hasSafeReasons;
  }

  override async getJob(id: string): Promise<Job | undefined> {
    const job = await super.getJob(id);
    return job && this.#reduce(job);
  }

  override async getJobs(states: States, start?: number, end?: number): Promise<Job[]> {
    const jobs = await super.getJobs(states, start, end);
    return jobs.map((job) => this.#reduce(job));
  }

  override async getJobLogs(): Promise<string[]> {
    return [];
  }

  override async getRedisInfo(): Promise<null> {
    return null;
  }

  override async getWorkers(): Promise<null> {
    return null;
  }

  override async getFlowProducer(): Promise<null> {
    return null;
  }

  /** Changes this copy of the job, which nobody else has. */
  #reduce(job: Job): Job {
    job.data = pick(job.data, SHOWN_DATA);
    job.returnvalue = pick(job.returnvalue, SHOWN_RESULT);
    if (job.failedReason && !this.#hasSafeReasons) job.failedReason = HIDDEN_REASON;
    if (job.deferredFailure) job.deferredFailure = HIDDEN_REASON;
    job.stacktrace = [];
    job.progress = 0;
    job.opts = { priority: job.priority, delay: job.delay };
    return job;
  }
}

function pick(value: unknown, names: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.fromEntries(Object.entries(value).filter(([name]) => names.includes(name)));
}
