import { createServer } from 'node:http';
import type { ApiConfig } from '../../shared/config/config.js';
import type { Logger } from '../../shared/runtime/logger.js';
import type { Shutdown } from '../../shared/runtime/shutdown.js';

export interface MetricsServerParts {
  readonly config: Pick<ApiConfig, 'METRICS_HOST' | 'METRICS_PORT'>;
  readonly logger: Logger;
  readonly shutdown: Shutdown;
}

/**
 * Serves `/metrics` on a separate port for the scraper: the metrics name tenants and need no key, so the port of the
 * callers must not serve them.
 */
export function startMetricsServer(render: () => Promise<string>, parts: MetricsServerParts): void {
  const { METRICS_HOST: host, METRICS_PORT: port } = parts.config;
  const { logger, shutdown } = parts;
  const server = createServer((request, response) => {
    const isMetrics = request.url?.split('?')[0] === '/metrics';
    if (!isMetrics || request.method !== 'GET') return response.writeHead(isMetrics ? 405 : 404).end();
    return render().then(
      (text) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  server.once('error', (error: NodeJS.ErrnoException) => {
    logger.fatal({ code: error.code, host, port }, 'cannot listen on METRICS_HOST and METRICS_PORT');
    process.exit(1);
  });
  server.listen(port, host, () => {
    const address = server.address();
    logger.info({ host, port: typeof address === 'object' ? address?.port : port }, 'metrics');
  });
  shutdown.add('metrics', () => {
    server.close();
    server.closeAllConnections();
  });
}
