import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { ProblemItem } from '../../shared/contract/problem.js';
import { type PublicFacts, VerificationError } from '../../shared/errors.js';
import { type ParsedRequest, parseRequest, type SentBody } from './parse-request.js';
import { RequestError } from './request-error.js';

/** Size up to which a body is parsed at once, bytes: it takes less than 3 ms. */
const SMALL_BYTES = 262_144;

/** Parses bodies of requests as `parseRequest` does, large ones in a thread of its own. */
export interface RequestParser {
  /**
   * The pieces of a large body are transferred: they are empty afterwards.
   * @throws as `parseRequest` does.
   */
  parse(sent: SentBody, maxInlineBytes: number): Promise<ParsedRequest>;
  /** Ends the thread. */
  close(): Promise<void>;
}

/** What the thread is asked for. */
export interface ParseOrder {
  readonly id: number;
  readonly sent: SentBody;
  readonly maxInlineBytes: number;
}

/** What the thread answers; a refusal by its items or, if it has none, by its facts. */
export type ParseReply = { readonly id: number } & (
  | { readonly parsed: ParsedRequest }
  | { readonly items: readonly ProblemItem[] }
  | { readonly facts: PublicFacts }
);

interface Waiting {
  readonly resolve: (parsed: ParsedRequest) => void;
  readonly reject: (error: Error) => void;
}

/** The thread starts with the first large body: most services receive none. */
export function createRequestParser(): RequestParser {
  const waiting = new Map<number, Waiting>();
  let thread: Worker | undefined;
  let orders = 0;

  const end = (lost: Worker, error: Error): void => {
    if (thread !== lost) return;
    thread = undefined;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const start = (): Worker => {
    const started = startThread();
    started.on('message', (reply: ParseReply) => {
      settle(reply, waiting.get(reply.id));
      waiting.delete(reply.id);
    });
    started.on('error', (error) => end(started, error));
    started.on('exit', () => end(started, new Error('the thread that parses requests has ended')));
    // It alone keeps no program running.
    started.unref();
    return started;
  };

  return {
    parse: async (sent, maxInlineBytes) => {
      const pieces = piecesOf(sent);
      if (pieces.reduce((sum, { length }) => sum + length, 0) <= SMALL_BYTES)
        return parseRequest(sent, maxInlineBytes);
      thread ??= start();
      orders += 1;
      const order: ParseOrder = { id: orders, sent, maxInlineBytes };
      thread.postMessage(
        order,
        pieces.map(({ buffer }) => buffer as ArrayBuffer),
      );
      return new Promise((resolve, reject) => waiting.set(order.id, { resolve, reject }));
    },
    close: async () => void (await thread?.terminate()),
  };
}

function piecesOf(sent: SentBody): readonly Uint8Array[] {
  return sent.kind === 'json' ? sent.pieces : [...sent.texts.values()].flat();
}

function settle(reply: ParseReply, waiting: Waiting | undefined): void {
  if ('parsed' in reply) waiting?.resolve(reply.parsed);
  else if ('items' in reply) waiting?.reject(new RequestError(reply.items));
  else waiting?.reject(new VerificationError(reply.facts.code, { detail: reply.facts.detail }));
}

function startThread(): Worker {
  // The same program runs compiled (.js) and from source (.ts, under a test runner or tsx).
  const extension = extname(fileURLToPath(import.meta.url));
  const entry = new URL(`./parse-thread${extension}`, import.meta.url);
  if (extension !== '.ts') return new Worker(entry, { execArgv: [] });
  // Not imported: the images do not hold it.
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx'));
  const loader = new URL('esm/api/index.mjs', tsx).href;
  const start = `import('${loader}').then(({ register }) => register()).then(() => import('${entry.href}'))`;
  return new Worker(start, { eval: true, execArgv: [] });
}
