import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { listen } from '../../test/support/servers/listen.js';

/** A host that accepts connections and misbehaves. */
export interface HostileHost {
  readonly port: number;
  stop(): Promise<void>;
}

/** Interval between two bytes of a dripping answer, ms. */
const DRIP_MS = 500;
const DRIP_HEAD =
  'HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 5000000\r\n\r\n\xff\xd8\xff';

/** Starts a host that never answers, on every loopback address. */
export function startSilentHost(): Promise<HostileHost> {
  return startHost(() => undefined);
}

/** Starts a host that sends a photo of five megabytes at two bytes a second, on every loopback address. */
export function startDripHost(): Promise<HostileHost> {
  return startHost((socket) => {
    socket.write(DRIP_HEAD, 'latin1');
    const timer = setInterval(() => socket.write('\0'), DRIP_MS);
    socket.once('close', () => clearInterval(timer));
  });
}

async function startHost(answer: (socket: Socket) => void): Promise<HostileHost> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    // Keep reading, to notice when the peer hangs up.
    socket.on('data', () => undefined);
    socket.once('data', () => answer(socket));
  });
  const port = await listen(server, { host: '0.0.0.0' });
  return {
    port,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
