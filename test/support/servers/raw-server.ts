import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { listen } from './listen.js';

/** The response to a request: bytes followed by the end of the connection, or a function. `nth`: from 1. */
export type Behaviour = string | Uint8Array | ((socket: Socket, nth: number) => void);

/** A server that sends exactly the given bytes, valid HTTP or not. */
export interface RawServer {
  readonly port: number;
  /** Heads of the requests so far. */
  readonly requests: readonly string[];
  /** TCP connections accepted so far, with or without a request. */
  readonly connections: () => number;
  answer(behaviour: Behaviour): void;
  /** Forgets all requests and connections. */
  reset(): void;
  /** Resolves when no connection is open. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

export interface RawServerOptions {
  readonly host?: string;
  /** Uses TLS if given. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** Starts a raw server on a free port of a loopback address, by default 127.0.0.1. */
export async function startRawServer(options: RawServerOptions = {}): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  let behaviour: Behaviour = 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n';
  let connections = 0;
  const serve = (socket: Socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (head) => {
      requests.push(head.toString('latin1'));
      if (typeof behaviour === 'function') behaviour(socket, requests.length);
      else socket.end(behaviour);
    });
  };
  const server = options.tls ? createTlsServer(options.tls, serve) : createServer(serve);
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => undefined);
  const port = await listen(server, options);
  return {
    port,
    requests,
    connections: () => connections,
    answer: (next) => {
      behaviour = next;
    },
    reset: () => {
      requests.length = 0;
      connections = 0;
    },
    idle: async () => {
      await Promise.all(
        [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
      );
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
