import { createServer } from 'node:net';
import { UserError } from '../user-error.js';

/** Returns a TCP port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return listenOnce('127.0.0.1', 0);
}

/** Returns `wanted` if it is free on `host` right now, otherwise any free port. */
export async function freePortNear(host: string, wanted: number): Promise<number> {
  return listenOnce(host, wanted).catch(() => listenOnce(host, 0));
}

/**
 * Returns the port to listen on: `port` itself, or a free one for 0.
 * @throws UserError if it is in use or not allowed.
 */
export async function claimPort(host: string, port: number): Promise<number> {
  try {
    return await listenOnce(host, port);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new UserError(`Port ${port} is in use. Choose another: npm start -- --port ${port + 667}`);
    if (code === 'EACCES')
      throw new UserError(`This user is not allowed to use port ${port}. Choose one above 1023.`);
    throw new UserError(
      `Cannot listen on ${host}, port ${port} (${code}). Is HOST an address of this machine?`,
    );
  }
}

function listenOnce(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port));
    });
  });
}
