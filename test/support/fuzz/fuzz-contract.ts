import { Agent, request } from 'undici';
import { problemSchema } from '../../../src/shared/contract/problem.js';
import { createRandom } from '../../../tools/evaluate/plan/random.js';
import { type HostileMaterial, type HostileRequest, makeHostileRequest } from './hostile-requests.js';

export interface ContractFuzzOptions {
  readonly origin: string;
  readonly material: Omit<HostileMaterial, 'jobIds'>;
  readonly count: number;
  readonly seed: number;
  /** Concurrent requests. */
  readonly inFlight: number;
  /** An answer later than this counts as a hang, ms. */
  readonly limitMs: number;
}

export interface ContractFuzzReport {
  /** Answers by status and code, if any. */
  readonly answers: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  /** Violations with the number of their request: a 500, a malformed answer, `matched: true`, internal text. */
  readonly findings: readonly string[];
}

/** Statuses for limits of the service rather than the request. */
const SERVICE_STATUSES = [502, 503, 504];
const MAX_JOB_IDS = 200;

/** Sends hostile requests and checks every answer. */
export async function fuzzContract(options: ContractFuzzOptions): Promise<ContractFuzzReport> {
  const agent = new Agent({ connections: options.inFlight, headersTimeout: 0, bodyTimeout: 0 });
  const random = createRandom(options.seed);
  const answers: Record<string, number> = {};
  const findings: string[] = [];
  const jobIds: string[] = [];
  let slowestMs = 0;
  let next = 0;
  const keepSending = async (): Promise<void> => {
    while (next < options.count) {
      const number = next++;
      const hostile = makeHostileRequest(random, { ...options.material, jobIds });
      const startedAt = performance.now();
      const { label, finding, jobId } = await send(agent, options, hostile).catch((error: unknown) => ({
        label: 'no answer',
        finding: `no answer: ${String(error)}`,
        jobId: undefined,
      }));
      const ms = performance.now() - startedAt;
      slowestMs = Math.max(slowestMs, ms);
      answers[label] = (answers[label] ?? 0) + 1;
      if (jobId) jobIds.push(jobId);
      if (jobIds.length > MAX_JOB_IDS) jobIds.shift();
      const late = ms > options.limitMs ? `answered after ${Math.round(ms)} ms` : undefined;
      for (const text of [finding, late])
        if (text) findings.push(`request ${number}, ${hostile.method} ${hostile.path.slice(0, 60)}: ${text}`);
    }
  };
  await Promise.all(Array.from({ length: options.inFlight }, keepSending));
  await agent.close();
  return { answers, slowestMs, findings };
}

interface Looked {
  readonly label: string;
  readonly finding: string | undefined;
  readonly jobId: string | undefined;
}

async function send(
  agent: Agent,
  { origin, limitMs }: ContractFuzzOptions,
  { method, path, headers, body }: HostileRequest,
): Promise<Looked> {
  const response = await request(`${origin}${path}`, {
    dispatcher: agent,
    method: method as 'GET',
    headers: { ...headers },
    body: body ?? null,
    // A hang is a violation and must not block the run.
    signal: AbortSignal.timeout(limitMs * 3),
  });
  const text = await response.body.text();
  const { statusCode } = response;
  const type = String(response.headers['content-type'] ?? '');
  if (type !== 'application/problem+json' || text === '') {
    const finding =
      statusCode >= 500 && !path.startsWith('/health') ? `status ${statusCode}` : findMatch(path, text);
    return { label: String(statusCode), finding, jobId: /"job_id":"([^"]+)"/.exec(text)?.[1] };
  }
  const problem = problemSchema.safeParse(JSON.parse(text));
  const label = `${statusCode} ${problem.data?.code}`;
  return { label, finding: findWrong(statusCode, text, problem.success), jobId: problem.data?.job_id };
}

/** The reference and the demo page contain example matches. */
function findMatch(path: string, text: string): string | undefined {
  const isAnswer = /^\/(jobs|compare-faces|users)/.test(path);
  return isAnswer && text.includes('"matched":true') ? 'matched: true' : undefined;
}

function findWrong(status: number, text: string, isProblem: boolean): string | undefined {
  if (!isProblem) return `a malformed problem: ${text.slice(0, 200)}`;
  if (status >= 500 && !SERVICE_STATUSES.includes(status)) return `status ${status}: ${text.slice(0, 200)}`;
  if (/node_modules|\.[jt]s:\d+|ioredis|bullmq/i.test(text)) return `internal text: ${text.slice(0, 200)}`;
  return text.includes('"matched":') ? 'a problem with a decision' : undefined;
}
