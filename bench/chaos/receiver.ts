import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { webhookBodySchema } from '../../src/shared/contract/webhook-body.js';
import { WEBHOOK_SECRET } from '../../test/support/programs/service.js';
import {
  type ReceivedWebhook,
  startWebhookReceiver,
  verifyReceived,
} from '../../test/support/servers/webhook-receiver.js';
import { createNamedRandom } from './random.js';
import type { Tally } from './tally.js';

/** The genuine webhooks of one job. */
export interface Told {
  readonly ids: Set<string>;
  readonly bodies: Set<string>;
  /** `true`, `false` or an error code. */
  readonly end: string;
  /** Deliveries answered with 204. */
  taken: number;
}

/** Faults of a receiver: it does not listen, answers with 500, or never answers. */
export type Failing = 'closed' | 'errors' | 'silent';

/** Accepts webhooks while it is up. */
export interface Receiver {
  readonly url: string;
  readonly told: ReadonlyMap<string, Told>;
  /** Takes the receiver down for a while; resolves when it is up again. */
  fail(how: Failing, forMs: number): Promise<void>;
  stop(): Promise<void>;
}

const SLOW_SHARE = 0.05;
const SLOW_MS = 2_000;

/** Starts a receiver that checks every signature, records every webhook, and is sometimes slow. */
export async function startReceiver(seed: number, tally: Tally): Promise<Receiver> {
  const told = new Map<string, Told>();
  const random = createNamedRandom(seed, 'slow webhooks');
  let failing: Failing | undefined;
  const take = (entry: Told, response: ServerResponse): void => {
    const isSlow = random.next() < SLOW_SHARE;
    if (isSlow) tally.met.webhooks_taken_slowly += 1;
    response.once('finish', () => {
      entry.taken += 1;
    });
    setTimeout(() => response.writeHead(204).end(), isSlow ? SLOW_MS : 0);
  };
  const receiver = await startWebhookReceiver();
  const url = receiver.script('/hook', [
    (response, webhook) => {
      const entry = note(told, webhook, tally);
      if (!entry) return void response.writeHead(400).end();
      if (!failing) return take(entry, response);
      tally.met.webhooks_spoiled += 1;
      if (failing === 'errors') response.writeHead(500).end();
    },
  ]);
  return {
    url,
    told,
    fail: async (how, forMs) => {
      failing = how;
      if (how === 'closed') await receiver.close();
      await pause(forMs);
      if (how === 'closed') await receiver.open();
      failing = undefined;
    },
    stop: () => receiver.stop(),
  };
}

/** Returns the record of the webhook's job. Undefined, and a violation, if its signature or shape is wrong. */
function note(told: Map<string, Told>, webhook: ReceivedWebhook, tally: Tally): Told | undefined {
  const read = webhookBodySchema.safeParse(verify(webhook));
  if (!read.success) {
    tally.verdicts.webhooks_wrong += 1;
    console.error('NOT GENUINE', webhook.rawBody.toString());
    return undefined;
  }
  const { job_id: jobId, result, error } = read.data.data;
  const end = result ? String(result.matched) : String(error?.code);
  const entry = told.get(jobId) ?? { ids: new Set(), bodies: new Set(), end, taken: 0 };
  told.set(jobId, entry);
  entry.ids.add(webhook.id);
  entry.bodies.add(webhook.rawBody.toString());
  return entry;
}

function verify(webhook: ReceivedWebhook): unknown {
  try {
    return verifyReceived(webhook, WEBHOOK_SECRET);
  } catch {
    return undefined;
  }
}
