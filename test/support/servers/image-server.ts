import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { closeServer, listen } from './listen.js';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface ImageServer {
  readonly origin: string;
  readonly port: number;
  /** Requested paths so far, including queries. */
  readonly requests: readonly string[];
  /** Serves `body` (a photo) or runs `body` (any behaviour) at `path`; returns its URL. */
  serve(path: string, body: Uint8Array | Handler): string;
  stop(): Promise<void>;
}

/** Starts an HTTP server, by default on a free loopback port, that serves the given content, and 404 for everything else. */
export async function startImageServer({ host = '127.0.0.1', port: wanted = 0 } = {}): Promise<ImageServer> {
  const bodies = new Map<string, Uint8Array | Handler>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    const body = bodies.get((request.url ?? '').split('?')[0] ?? '');
    if (body === undefined) response.writeHead(404).end('nothing here');
    else if (typeof body === 'function') body(request, response);
    else response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': body.length }).end(body);
  });
  const port = await listen(server, { host, port: wanted });
  const origin = `http://${host}:${port}`;
  return {
    origin,
    port,
    requests,
    serve: (path, body) => {
      bodies.set(path, body);
      return `${origin}${path}`;
    },
    stop: () => closeServer(server),
  };
}
