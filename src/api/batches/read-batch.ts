import type { Context } from 'hono';
import { MAX_BATCH_JOBS } from '../../shared/batches/batch-id.js';
import type { ProblemItem } from '../../shared/contract/problem.js';
import { publicFactsOf, toVerificationError, VerificationError } from '../../shared/errors.js';
import type { AppContext } from '../http/app-context.js';
import { readBody } from '../http/read-body.js';
import { refuseCompressed } from '../http/read-request.js';
import { RequestError } from '../http/request-error.js';
import { maxJsonBodyBytes, type UploadLimits } from '../http/upload-limits.js';
import { type Caller, draftJob, type JobDraft, type SubmitDependencies } from '../jobs/submit-job.js';
import {
  type BatchElement,
  type BatchSplitter,
  createArraySplitter,
  createLineSplitter,
} from './split-batch.js';
import { createBreaks } from './take-breaks.js';

/** Reasons that a refusal lists. */
const MAX_LISTED = 100;

export interface ReadBatchDependencies extends SubmitDependencies {
  readonly uploadLimits: UploadLimits;
  /** Longest body of a batch, bytes. */
  readonly maxBatchBytes: number;
}

/**
 * Reads and checks all requests of a batch, in short turns, and drafts their jobs.
 * @throws VerificationError `unsupported_media_type`, `invalid_json`, `body_too_large`, `overloaded`; RequestError
 * `invalid_batch` that lists the wrong lines.
 */
export async function readBatch(
  context: Context<AppContext>,
  caller: Caller,
  deps: ReadBatchDependencies,
): Promise<readonly JobDraft[]> {
  const splitter = openSplitter(
    context.req.header('content-type') ?? '',
    maxJsonBodyBytes(deps.uploadLimits),
  );
  const pause = createBreaks();
  const drafts: JobDraft[] = [];
  const wrong: WrongLines = { listed: [], reasons: 0, lines: 0 };
  let count = 0;
  const take = async (elements: readonly BatchElement[]): Promise<void> => {
    for (const element of elements) {
      count += 1;
      // Nothing of a batch with too many lines is needed but their number.
      if (count > MAX_BATCH_JOBS) continue;
      try {
        drafts.push(await draftLine(element, caller, deps));
      } catch (error) {
        noteWrong(wrong, element.line, itemsOf(error));
      }
      await pause();
    }
  };
  let isFirst = true;
  const limits = { maxBytes: deps.maxBatchBytes, memory: deps.uploadLimits.memory };
  await readBody(context, limits, {
    onChunk: async (chunk) => {
      if (isFirst) refuseCompressed(context, chunk);
      isFirst = false;
      await take(splitter.push(chunk));
    },
    onEnd: () => take(splitter.end()),
  });
  if (isFirst) refuseCompressed(context, []);
  if (count > MAX_BATCH_JOBS) refuse(`has ${count} requests; the most is ${MAX_BATCH_JOBS}`);
  if (count === 0) refuse('has no requests');
  if (wrong.lines > 0) refuseLines(wrong, count);
  const largest = Math.min(MAX_BATCH_JOBS, deps.backlog.maxTogether(caller.rules.queueShare));
  if (count > largest) refuse(`has ${count} requests; the queue of this service has room for ${largest}`);
  return drafts;
}

/** @throws VerificationError `unsupported_media_type`. */
function openSplitter(contentType: string, maxBytes: number): BatchSplitter {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (/^application\/(?:x-)?(?:ndjson|jsonl|json-lines)$/.test(type)) return createLineSplitter(maxBytes);
  if (/^application\/(?:[\w.+-]+\+)?json$/.test(type)) return createArraySplitter(maxBytes);
  throw new VerificationError('unsupported_media_type', {
    detail: 'The body must be sent as application/x-ndjson, or as application/json with an array.',
  });
}

async function draftLine(
  { bytes }: BatchElement,
  caller: Caller,
  deps: ReadBatchDependencies,
): Promise<JobDraft> {
  if (!bytes) {
    const detail = `The request is longer than ${maxJsonBodyBytes(deps.uploadLimits)} bytes.`;
    throw new VerificationError('body_too_large', { detail });
  }
  const { parser, maxInlineBytes } = deps.uploadLimits;
  const { ref, ...request } = await parser.parse(
    { kind: 'json', pieces: [bytes], mayHaveRef: true },
    maxInlineBytes,
  );
  const draft = draftJob(request, caller, deps);
  return ref === undefined ? draft : { ...draft, payload: { ...draft.payload, ref } };
}

function itemsOf(error: unknown): readonly ProblemItem[] {
  if (error instanceof RequestError) return error.items;
  const known = toVerificationError(error);
  if (known.code === 'internal') throw error;
  return [publicFactsOf(known)];
}

/** @throws RequestError always. */
function refuse(why: string): never {
  throw new RequestError([{ code: 'invalid_batch', detail: `The batch ${why}.` }]);
}

/** What is wrong with a batch. A line can have thousands of wrong fields, so only the first reasons are kept. */
interface WrongLines {
  readonly listed: ProblemItem[];
  reasons: number;
  lines: number;
}

function noteWrong(wrong: WrongLines, line: number, items: readonly ProblemItem[]): void {
  wrong.lines += 1;
  wrong.reasons += items.length;
  const room = MAX_LISTED - wrong.listed.length;
  wrong.listed.push(...items.slice(0, room).map((item) => ({ line, ...item })));
}

/** @throws RequestError always. */
function refuseLines({ listed, reasons, lines }: WrongLines, count: number): never {
  const rest = reasons > listed.length ? `; errors lists the first ${listed.length} reasons` : '';
  const detail = `${lines} of ${count} requests ${lines === 1 ? 'is' : 'are'} wrong, so none was queued${rest}.`;
  throw new RequestError(listed, {}, { code: 'invalid_batch', detail });
}
