import { createBullBoard } from '@bull-board/api';
import { HonoAdapter } from '@bull-board/hono';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono, type MiddlewareHandler } from 'hono';
import { VerificationError } from '../../shared/errors.js';
import type { Keyspace } from '../../shared/queue/keyspace.js';
import { ReadableQueue } from '../../shared/queue/readable-queue.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import { WEBHOOK_QUEUE } from '../../shared/webhooks/webhook-job.js';
import type { AppContext } from '../http/app-context.js';
import { authenticateBrowser, type ReadAccess } from '../middleware/authenticate.js';
import { ReducedQueue } from './reduced-queue.js';

/** Where the board is. */
const BOARD_PATH = '/admin/queues';
/** The board sets styles from scripts; it needs nothing from elsewhere. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'";
/** Fonts that the page would load from another host. */
const FOREIGN_FONTS = /<link href="https:[^>]*>/g;

export interface QueueBoardOptions {
  readonly redis: RedisConnection;
  readonly keys: Keyspace;
  readonly access: ReadAccess;
  readonly onError: (error: unknown) => void;
}

export interface QueueBoard {
  readonly routes: Hono<AppContext>;
  close(): Promise<unknown>;
}

/** Opens the board of the queues for operators, who log in with a key as the password. It changes nothing. */
export function createQueueBoard({ redis, keys, access, onError }: QueueBoardOptions): QueueBoard {
  const open = (name: string) => {
    const queue = new ReadableQueue(name, { connection: redis, prefix: keys.prefix });
    queue.on('error', onError);
    return queue;
  };
  const comparisons = open(keys.queueName);
  const webhooks = open(WEBHOOK_QUEUE);
  const adapter = new HonoAdapter(serveStatic).setBasePath(BOARD_PATH);
  createBullBoard({
    queues: [
      new ReducedQueue(comparisons, { title: `Comparisons with ${keys.model}`, hasSafeReasons: false }),
      new ReducedQueue(webhooks, { title: 'Webhooks', hasSafeReasons: true }),
    ],
    serverAdapter: adapter,
    options: {
      uiConfig: {
        boardTitle: 'Queues',
        hideDocsLink: true,
        hideRedisDetails: true,
        showMetrics: false,
        showWorkers: false,
      },
    },
  });
  adapter.setErrorHandler((cause) => {
    throw new VerificationError('queue_unavailable', { cause });
  });
  const routes = new Hono<AppContext>();
  routes.use('/admin/*', protect, authenticateBrowser(access), readOnly);
  routes.route(BOARD_PATH, adapter.registerPlugin());
  return { routes, close: () => Promise.all([comparisons.close(), webhooks.close()]) };
}

const protect: MiddlewareHandler<AppContext> = async (context, next) => {
  context.header('content-security-policy', POLICY);
  context.header('cache-control', 'no-store');
  await next();
  if (!context.res.headers.get('content-type')?.startsWith('text/html')) return;
  const page = await context.res.text();
  context.res = new Response(page.replace(FOREIGN_FONTS, ''), context.res);
};

const readOnly: MiddlewareHandler<AppContext> = async (context, next) => {
  if (context.req.method !== 'GET' && context.req.method !== 'HEAD')
    throw new VerificationError('method_not_allowed');
  await next();
};
