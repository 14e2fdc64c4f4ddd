import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { closeServer, listen } from './listen.js';

/** One received request. */
export interface ReceivedWebhook {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The bytes of the body, untouched. */
  readonly rawBody: Buffer;
  /** `webhook-id` and `webhook-timestamp`. */
  readonly id: string;
  readonly timestamp: number;
  /** ms since 1970. */
  readonly receivedAt: number;
}

/** The answer: a status, or any behaviour after the request has been recorded. */
export type ScriptedAnswer =
  | number
  | { readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | ((response: ServerResponse, received: ReceivedWebhook) => void);

export interface WebhookReceiver {
  readonly origin: string;
  readonly port: number;
  /** Everything received so far, oldest first. */
  readonly received: readonly ReceivedWebhook[];
  /** Sets the answers at `path`, in order; the last is repeated. Returns the URL. Other paths answer 204. */
  script(path: string, answers: readonly ScriptedAnswer[]): string;
  /** Resolves with the requests of `path` once there are at least `count`; rejects after `timeoutMs`. */
  waitFor(path: string, count: number, timeoutMs?: number): Promise<readonly ReceivedWebhook[]>;
  /** Stops listening and cuts every connection, like a receiver that is down; `open` listens again on the same port. */
  close(): Promise<void>;
  open(): Promise<void>;
  stop(): Promise<void>;
}

/** Returns the parsed body of a genuine webhook; throws if the signature does not match `secret`. */
export function verifyReceived(received: ReceivedWebhook, secret: string): unknown {
  const headers = Object.fromEntries(
    Object.entries(received.headers).map(([name, value]) => [name, String(value)]),
  );
  return new Webhook(secret).verify(received.rawBody, headers);
}

/** Starts a webhook receiver on a free loopback port. */
export async function startWebhookReceiver(host = '127.0.0.1'): Promise<WebhookReceiver> {
  const scripts = new Map<string, ScriptedAnswer[]>();
  const received: ReceivedWebhook[] = [];
  const watchers = new Set<() => void>();

  const server = createServer((request, response) => {
    const take = (webhook: ReceivedWebhook): void => {
      received.push(webhook);
      const script = scripts.get(webhook.path) ?? [204];
      const answer = (script.length > 1 ? script.shift() : script[0]) ?? 204;
      give(answer, response, webhook);
      for (const watcher of watchers) watcher();
    };
    // A truncated request does not count.
    const forget = (): void => undefined;
    void readWebhook(request).then(take, forget);
  });
  const close = () => closeServer(server);
  const port = await listen(server, { host });
  const origin = `http://${host}:${port}`;
  const at = (path: string) => received.filter((webhook) => webhook.path === path);

  return {
    origin,
    port,
    received,
    script: (path, answers) => {
      scripts.set(path, [...answers]);
      return `${origin}${path}`;
    },
    waitFor: (path, count, timeoutMs = 60_000) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => settle(() => reject(new Error(`${path}: ${at(path).length} of ${count} webhooks came`))),
          timeoutMs,
        );
        const settle = (finish: () => void): void => {
          clearTimeout(timer);
          watchers.delete(check);
          finish();
        };
        const check = (): void => {
          if (at(path).length >= count) settle(() => resolve(at(path)));
        };
        watchers.add(check);
        check();
      }),
    close,
    open: async () => void (await listen(server, { host, port })),
    stop: close,
  };
}

async function readWebhook(request: IncomingMessage): Promise<ReceivedWebhook> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return {
    path: (request.url ?? '').split('?')[0] ?? '',
    headers: request.headers,
    rawBody: Buffer.concat(chunks),
    id: String(request.headers['webhook-id']),
    timestamp: Number(request.headers['webhook-timestamp']),
    receivedAt: Date.now(),
  };
}

function give(answer: ScriptedAnswer, response: ServerResponse, webhook: ReceivedWebhook): void {
  if (typeof answer === 'function') answer(response, webhook);
  else if (typeof answer === 'number') response.writeHead(answer).end();
  else response.writeHead(answer.status, answer.headers).end();
}
