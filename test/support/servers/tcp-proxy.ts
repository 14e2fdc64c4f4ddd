import { createConnection, createServer, type Socket } from 'node:net';

/** A wire between a program and a server on loopback that can be made as bad as real ones. */
export interface TcpProxy {
  readonly port: number;
  /** Holds every byte back for this long on its way, in each direction, ms. */
  delay(ms: number): void;
  /** Cuts both ends off at every n-th piece of data; 0 for never. */
  resetEvery(pieces: number): void;
  /** Passes nothing on and closes nothing, as a broken route does. */
  partition(): void;
  heal(): void;
  /** Leads new connections to another port; those there are stay where they are. */
  redirect(port: number): void;
  /** Passes nothing on for those there are, for good: their server is gone without a word. */
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
    from.on('data', (data) => {
      pieces += 1;
      if (everyPiece > 0 && pieces % everyPiece === 0) cutOff(pair);
      else if (delayMs > 0) setTimeout(() => to.writable && to.write(data), delayMs);
      else to.write(data);
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
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
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
