import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ServerType, serve } from '@hono/node-server';
import type { Hono } from 'hono';
import type { ApiConfig } from '../../shared/config/config.js';
import type { Logger } from '../../shared/runtime/logger.js';
import type { Shutdown } from '../../shared/runtime/shutdown.js';
import type { AppContext } from './app-context.js';
import { MAX_WAIT_SECONDS } from './read-request.js';

export interface ServerParts {
  readonly config: ApiConfig;
  readonly logger: Logger;
  readonly shutdown: Shutdown;
  /** True if callers need no key. */
  readonly isOpen: boolean;
}

/** Time in which a whole request must arrive, and one that may carry photos, ms. Later ones get 408. */
const REQUEST_TIMEOUT_MS = 10_000;
const UPLOAD_TIMEOUT_MS = 60_000;
/** Silence on a connection beyond the longest wait of a caller after which it is closed, s: its client no longer reads. */
const SILENCE_SLACK_SECONDS = 30;

/** Starts the server. It closes connections of slow clients; on shutdown it waits for open requests to end. */
export function startServer(app: Hono<AppContext>, parts: ServerParts): void {
  const { config, logger, shutdown, isOpen } = parts;
  const server = serve(
    {
      fetch: (request, env) =>
        namesOneHost(env.incoming.rawHeaders) && URL.canParse(request.url)
          ? app.fetch(request, env)
          : badRequest(),
      hostname: config.HOST,
      port: config.PORT,
      serverOptions: {
        requestTimeout: config.UPLOAD_KEYS.length > 0 ? UPLOAD_TIMEOUT_MS : REQUEST_TIMEOUT_MS,
        headersTimeout: 5_000,
        keepAliveTimeout: 65_000,
        connectionsCheckingInterval: 1_000,
        maxHeaderSize: 16_384,
      },
    },
    (address) => logger.info({ host: config.HOST, port: address.port, open: isOpen }, 'listening'),
  );
  server.once('error', (error) => {
    const code = (error as NodeJS.ErrnoException).code;
    logger.fatal(
      { code, port: config.PORT },
      code === 'EADDRINUSE' ? 'the port is already in use' : 'cannot listen',
    );
    process.exit(1);
  });
  server.setTimeout((Math.max(config.SYNC_WAIT_TIMEOUT, MAX_WAIT_SECONDS) + SILENCE_SLACK_SECONDS) * 1_000);
  const requests = countOpenRequests(server);
  shutdown.add('server', async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    await requests.allEnded();
    // The remaining connections are idle, and their clients may keep them open for minutes.
    if ('closeAllConnections' in server) server.closeAllConnections();
    await closed;
  });
  const exposed = !['127.0.0.1', '::1', 'localhost'].includes(config.HOST);
  if (exposed && isOpen) {
    logger.warn(
      'API_KEYS is empty and HOST is not loopback: anyone who can reach this port can use the service',
    );
  }
}

/** The answer to a Host header that is well-formed but makes no URL (`xn--`, `1.2.3.4.5`), as node-server answers others. */
const badRequest = (): Response => new Response(null, { status: 400 });

/** Node keeps the first of several Host headers; a proxy before us may have checked another one (RFC 9112, 3.2). */
const namesOneHost = (rawHeaders: readonly string[]): boolean =>
  rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length === 1;

/** `allEnded` resolves once every request has been answered or abandoned by its client. */
function countOpenRequests(server: ServerType): { readonly allEnded: () => Promise<void> } {
  let open = 0;
  let onLastEnded = (): void => undefined;
  server.on('request', (_request: IncomingMessage, response: ServerResponse) => {
    open += 1;
    response.once('close', () => {
      open -= 1;
      if (open === 0) onLastEnded();
    });
  });
  return {
    allEnded: () =>
      new Promise((resolve) => {
        onLastEnded = resolve;
        if (open === 0) resolve();
      }),
  };
}

/** The time between the request to stop and the end of listening, in which load balancers learn to go elsewhere. */
export interface Drain {
  isRunning(): boolean;
  /** Resolves at its end. */
  start(): Promise<void>;
}

/** Returns a drain that takes `durationMs`; with 0 the server stops listening immediately. */
export function createDrain(durationMs: number): Drain {
  let running = false;
  return {
    isRunning: () => running,
    start: () => {
      running = true;
      return new Promise((resolve) => setTimeout(resolve, durationMs));
    },
  };
}
