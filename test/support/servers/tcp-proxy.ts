import { createConnection, createServer, type Socket } from 'node:net';
import { listen } from './listen.js';

/** A connection between a program and a loopback server that can simulate network faults. */
export interface TcpProxy {
  readonly port: number;
  /** Delays every byte by this time in each direction, ms. */
  delay(ms: number): void;
  /** Cuts the connection at every n-th chunk of data; 0: never. */
  resetEvery(pieces: number): void;
  /** Drops all data without closing connections, like a broken route. */
  partition(): void;
  heal(): void;
  /** Routes new connections to another port; existing ones stay. */
  redirect(port: number): void;
  /** Drops all data of existing connections permanently, as if their server had vanished. */
  abandonConnections(): void;
  /** Connections that were cut so far. */
  readonly resets: () => number;
  stop(): Promise<void>;
}

/** Starts a proxy on a free loopback port to another one of 127.0.0.1. */
export async function startTcpProxy(firstTarget: number): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let targetPort = firstTarget;
  let delayMs = 0;
  let everyPiece = 0;
  let pieces = 0;
  let resets = 0;
  let cut = false;

  const pauseAll = (): void => {
    for (const pair of pairs) for (const socket of pair) socket.pause();
  };
  const cutOff = (pair: readonly [Socket, Socket]): void => {
    resets += 1;
    for (const socket of pair) socket.resetAndDestroy();
  };
  const forward = (pair: readonly [Socket, Socket], from: Socket, to: Socket): void => {
    const delayed: Buffer[] = [];
    // The oldest piece, whichever the timer was set for: pieces stay in order when the delay changes.
    const release = (): void => {
      const data = delayed.shift();
      if (data && to.writable) to.write(data);
    };
    from.on('data', (data) => {
      pieces += 1;
      if (everyPiece > 0 && pieces % everyPiece === 0) return cutOff(pair);
      delayed.push(data);
      if (delayMs === 0 && delayed.length === 1) release();
      else setTimeout(release, delayMs);
    });
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
  };
  const server = createServer((client) => {
    const target = createConnection({ port: targetPort, host: '127.0.0.1' });
    const pair = [client, target] as const;
    pairs.add(pair);
    client.once('close', () => pairs.delete(pair));
    forward(pair, client, target);
    forward(pair, target, client);
    if (cut) for (const socket of pair) socket.pause();
  });
  const port = await listen(server);
  return {
    port,
    delay: (ms) => {
      delayMs = ms;
    },
    resetEvery: (count) => {
      everyPiece = count;
    },
    partition: () => {
      cut = true;
      pauseAll();
    },
    heal: () => {
      cut = false;
      for (const pair of pairs) for (const socket of pair) socket.resume();
    },
    redirect: (port) => {
      targetPort = port;
    },
    abandonConnections: pauseAll,
    resets: () => resets,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const pair of pairs) for (const socket of pair) socket.destroy();
      }),
  };
}
