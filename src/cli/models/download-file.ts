import { open, rm, truncate } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { type Dispatcher, EnvHttpProxyAgent, interceptors, request } from 'undici';
import { UserError } from '../user-error.js';
import { fileDigest, sizeOf } from './check-files.js';

export interface Download {
  readonly url: string;
  /** Path of the file. Bytes of an earlier run are kept and completed. */
  readonly path: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
  /** Called with the number of bytes so far. */
  readonly onProgress: (bytes: number) => void;
  /** Pause before the first retry, doubled for each further one. Default 1,000 ms. */
  readonly retryDelayMs?: number;
}

/** Consecutive attempts without a new byte before the transfer fails. */
const FRUITLESS_TRIES = 4;
/** Longest silence of the server, ms. A large archive over a slow line has no sensible total limit. */
const SILENCE_MS = 30_000;

/** A temporary failure of the server, worth a retry. */
class PassingFailure extends Error {
  override readonly name = 'PassingFailure';
}

/**
 * Downloads a file of known size and digest to `path`. Continues after a broken connection, in this run or the next. Wrong
 * bytes are discarded; if some came from an earlier run, the file is fetched again from the start.
 * @throws UserError if the server refuses, stays silent or serves other bytes.
 */
export async function downloadFile(download: Download): Promise<void> {
  const agent = new EnvHttpProxyAgent();
  const dispatcher = agent.compose(interceptors.redirect({ maxRedirections: 5 }));
  try {
    const resumed = ((await sizeOf(download.path)) ?? 0) > 0;
    await gather(download, dispatcher);
    if (await isRight(download)) return;
    await rm(download.path);
    if (resumed) await gather(download, dispatcher);
    if (resumed && (await isRight(download))) return;
    await rm(download.path, { force: true });
    throw new UserError(
      `${download.url} served other bytes than the manifest expects; none of them were kept.`,
    );
  } finally {
    await agent.close();
  }
}

async function isRight({ path, sha256 }: Download): Promise<boolean> {
  return (await fileDigest(path, 'sha256', 'hex')) === sha256;
}

/** Requests the missing bytes until the file is complete. Counts attempts without progress. */
async function gather(download: Download, dispatcher: Dispatcher): Promise<void> {
  let have = (await sizeOf(download.path)) ?? 0;
  if (have > download.bytes) await truncate(download.path, 0);
  let most = have > download.bytes ? 0 : have;
  have = most;
  for (let fruitless = 0; have < download.bytes; ) {
    const failure = await tryRest(download, have, dispatcher);
    have = (await sizeOf(download.path)) ?? 0;
    fruitless = have > most ? 0 : fruitless + 1;
    most = Math.max(most, have);
    if (fruitless === FRUITLESS_TRIES) throw givenUp(download, failure);
    if (have < download.bytes) await pause((download.retryDelayMs ?? 1_000) * 2 ** fruitless);
  }
}

async function tryRest(...parts: Parameters<typeof appendRest>): Promise<PassingFailure | undefined> {
  try {
    await appendRest(...parts);
    return undefined;
  } catch (error) {
    if (error instanceof PassingFailure) return error;
    throw error;
  }
}

async function appendRest(download: Download, have: number, dispatcher: Dispatcher): Promise<void> {
  const { statusCode, headers, body } = await request(download.url, {
    dispatcher,
    headers: { range: `bytes=${have}-`, 'accept-encoding': 'identity' },
    headersTimeout: SILENCE_MS,
    bodyTimeout: SILENCE_MS,
  }).catch(asPassing);
  const resumes = statusCode === 206 && String(headers['content-range']).startsWith(`bytes ${have}-`);
  if (statusCode !== 200 && !resumes) {
    body.on('error', () => undefined).destroy();
    throw refusal(download, statusCode);
  }
  await write(download, resumes ? have : 0, body).catch(asPassing);
}

/**
 * Writes a body after the first `from` bytes of the file, never beyond its size in the manifest. Writes each chunk before
 * it reads the next: a stream would drop its buffer if the connection breaks.
 */
async function write(download: Download, from: number, body: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(download.path, from > 0 ? 'a' : 'w');
  let have = from;
  try {
    for await (const chunk of body) {
      have += chunk.length;
      if (have > download.bytes) throw new UserError(`${download.url} serves more bytes than expected.`);
      await file.appendFile(chunk);
      download.onProgress(have);
    }
  } finally {
    await file.close();
  }
}

function asPassing(error: unknown): never {
  if (error instanceof UserError) throw error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EACCES' || code === 'EROFS') throw new UserError(message);
  throw new PassingFailure(code ?? message, { cause: error });
}

function refusal({ url }: Download, status: number): Error {
  const passing = status === 206 || status === 408 || status === 429 || status >= 500;
  return passing ? new PassingFailure(`HTTP ${status}`) : new UserError(`${url} answered ${status}.`);
}

function givenUp({ url }: Download, failure: PassingFailure | undefined): UserError {
  const reason = failure?.message ?? 'the server closed the connection early';
  return new UserError(
    `${url} could not be fetched (${reason}). The part that arrived is kept: run the command again to continue.`,
    { cause: failure },
  );
}
