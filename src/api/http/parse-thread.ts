import { parentPort } from 'node:worker_threads';
import { publicFactsOf, VerificationError } from '../../shared/errors.js';
import { parseRequest } from './parse-request.js';
import { RequestError } from './request-error.js';
import type { ParseOrder, ParseReply } from './request-parser.js';

// The thread of a `RequestParser`. An error that is no refusal ends it, and its requests with it.

parentPort?.on('message', (order: ParseOrder) => {
  const reply = answer(order);
  parentPort?.postMessage(reply, 'parsed' in reply ? memoryOf(reply.parsed) : []);
});

function answer({ id, sent, maxInlineBytes }: ParseOrder): ParseReply {
  try {
    return { id, parsed: parseRequest(sent, maxInlineBytes) };
  } catch (error) {
    if (error instanceof RequestError) return { id, items: error.items };
    if (error instanceof VerificationError) return { id, facts: publicFactsOf(error) };
    throw error;
  }
}

/** Returns the memory of the photos, to hand it over. Node shares that of small ones, which are copied. */
function memoryOf({ body }: Extract<ParseReply, { parsed: unknown }>['parsed']): ArrayBuffer[] {
  const photos = Object.values(body).flatMap((value) =>
    typeof value === 'object' && value.kind === 'upload' && value.size > Buffer.poolSize ? [value] : [],
  );
  return photos.flatMap(({ pieces: [first] }) => (first ? [first.buffer as ArrayBuffer] : []));
}
