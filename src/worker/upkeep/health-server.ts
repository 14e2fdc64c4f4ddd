import { createServer } from 'node:http';

export interface HealthServerOptions {
  readonly host: string;
  readonly port: number;
  /** True if the worker can run comparisons now. */
  readonly isReady: () => boolean;
  /** Wrong settings that were replaced by their defaults. */
  readonly settingWarnings: readonly string[];
  readonly renderMetrics: () => Promise<string>;
}

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves `/health`, `/health/ready` and `/metrics` of one worker. */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    switch (request.url?.split('?')[0]) {
      case '/health':
        return answer(200, { status: 'ok', warnings: options.settingWarnings });
      case '/health/ready':
        return options.isReady() ? answer(200, { status: 'ready' }) : answer(503, { status: 'not_ready' });
      case '/metrics':
        void options.renderMetrics().then(
          (text) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text),
          () => answer(500, { status: 'error' }),
        );
        return;
      default:
        return answer(404, { status: 'not_found' });
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : options.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
