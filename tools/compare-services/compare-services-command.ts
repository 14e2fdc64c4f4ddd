import pLimit from 'p-limit';
import { readNamedFile } from '../../src/cli/read-named-file.js';
import { UserError } from '../../src/cli/user-error.js';
import { parseJson } from '../../src/shared/queue/parse-json.js';
import { type AnswerPair, summariseAgreement } from './agreement.js';
import { type AskOptions, askService } from './ask-service.js';
import { formatAgreement } from './format-agreement.js';

export interface CompareServicesArguments {
  readonly old: string;
  readonly new: string;
  /** File with a request body of `POST /compare-faces` on each line. */
  readonly requests: string;
  /** Files that hold the API keys. */
  readonly 'old-key-file'?: string | undefined;
  readonly 'new-key-file'?: string | undefined;
  readonly concurrency: string;
  /** s */
  readonly timeout: string;
}

/**
 * Sends each request to both services, one after the other, and prints how their answers agree. Returns true if they never
 * contradict each other and always answer.
 * @throws UserError for problems that the user can fix.
 */
export async function compareServices(
  args: CompareServicesArguments,
  print: (line: string) => void,
): Promise<boolean> {
  const timeoutMs = readNumber('timeout', args.timeout) * 1_000;
  const limit = pLimit(readNumber('concurrency', args.concurrency));
  const [oldService, newService] = await Promise.all([
    readService(args.old, args['old-key-file'], timeoutMs),
    readService(args.new, args['new-key-file'], timeoutMs),
  ]);
  const requests = readRequests(String(await readNamedFile(args.requests)));
  const pairs = await limit.map(requests, async ({ line, body }): Promise<AnswerPair> => {
    // In turns, so that neither always finds the photos in the caches of their hosts.
    if (line % 2 === 0) {
      const current = await askService(body, newService);
      return { line, old: await askService(body, oldService), new: current };
    }
    return { line, old: await askService(body, oldService), new: await askService(body, newService) };
  });
  const agreement = summariseAgreement(pairs);
  for (const text of formatAgreement(agreement, pairs.length)) print(text);
  return agreement.contradictions.length + agreement.failed.length === 0;
}

async function readService(url: string, keyFile: string | undefined, timeoutMs: number): Promise<AskOptions> {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UserError(`${JSON.stringify(url)} is not an http or https URL.`);
  return { url, timeoutMs, apiKey: keyFile && String(await readNamedFile(keyFile)).trim() };
}

interface Request {
  readonly line: number;
  readonly body: string;
}

/** @throws UserError that names the line; it does not quote it, because it is about a person. */
function readRequests(text: string): readonly Request[] {
  const requests = text
    .split('\n')
    .map((body, index) => ({ line: index + 1, body: body.trim() }))
    .filter(({ body }) => body !== '');
  for (const { line, body } of requests)
    if (!isObject(body)) throw new UserError(`Line ${line} of the requests is not a JSON object.`);
  if (requests.length === 0) throw new UserError('The file holds no request.');
  return requests;
}

function isObject(text: string): boolean {
  const value = parseJson(text);
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readNumber(name: string, text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1) return value;
  throw new UserError(`--${name} is ${text}; it must be a whole number from 1.`);
}
