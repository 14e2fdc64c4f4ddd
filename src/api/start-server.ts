import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ServerType, serve } from '@hono/node-server';
import type { Hono } from 'hono';
import type { ApiConfig } from '../shared/config.js';
import type { Logger } from '../shared/logger.js';
import type { Shutdown } from '../shared/shutdown.js';
import type { AppContext } from './app-context.js';

export interface ServerParts {
  readonly config: ApiConfig;
  readonly logger: Logger;
  readonly shutdown: Shutdown;
}

/** Listens, cuts slow clients off, and lets open requests end when the program stops. */
export function startServer(app: Hono<AppContext>, { config, logger, shutdown }: ServerParts): void {
  const server = serve(
    {
      fetch: app.fetch,
      hostname: config.HOST,
      port: config.PORT,
      serverOptions: {
        requestTimeout: 10_000,
        headersTimeout: 5_000,
        keepAliveTimeout: 65_000,
        connectionsCheckingInterval: 1_000,
        maxHeaderSize: 16_384,
      },
    },
    (address) =>
      logger.info({ host: config.HOST, port: address.port, open: config.API_KEYS.length === 0 }, 'listening'),
  );
  server.once('error', (error) => {
    const code = (error as NodeJS.ErrnoException).code;
    logger.fatal({ code, port: config.PORT }, code === 'EADDRINUSE' ? 'the port is taken' : 'cannot listen');
    process.exit(1);
  });
  const requests = countOpenRequests(server);
  shutdown.add('server', async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    await requests.allEnded();
    // Connections kept alive have nothing more to say, and their clients may hold them for minutes.
    if ('closeAllConnections' in server) server.closeAllConnections();
    await closed;
  });
  const exposed = !['127.0.0.1', '::1', 'localhost'].includes(config.HOST);
  if (exposed && config.API_KEYS.length === 0) {
    logger.warn(
      'API_KEYS is empty and this listens on more than loopback: everybody who reaches it may use it',
    );
  }
}

/** Knows when every request that has come in has been answered, or its client has gone. */
function countOpenRequests(server: ServerType): { readonly allEnded: () => Promise<void> } {
  let open = 0;
  let onNone = (): void => undefined;
  server.on('request', (_request: IncomingMessage, response: ServerResponse) => {
    open += 1;
    response.once('close', () => {
      open -= 1;
      if (open === 0) onNone();
    });
  });
  return {
    allEnded: () =>
      new Promise((resolve) => {
        onNone = resolve;
        if (open === 0) resolve();
      }),
  };
}
