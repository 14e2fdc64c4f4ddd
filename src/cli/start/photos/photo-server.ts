import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { freePortNear } from '../ports.js';

/** Photos that can be served, by name. */
export interface PhotoSource {
  /** Names of the photos for the request that is printed: three fronts and their reference. */
  readonly fronts: readonly [string, string, string];
  readonly reference: string;
  /** What these photos are, for the person who reads the greeting. */
  readonly description: string;
  /** Returns the bytes of a photo, or undefined for a name that is not one. */
  read(name: string): Promise<Uint8Array | undefined>;
}

/** Wanted for photos; another port is taken where it is not free. */
const PHOTO_PORT = 8336;

export const PHOTO_TYPES: Readonly<Record<string, string>> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.webp': 'image/webp',
};

/** Serves photos on loopback for as long as the process has other work, and returns where: `http://127.0.0.1:8336`. */
export async function startPhotoServer(source: PhotoSource): Promise<string> {
  const port = await freePortNear('127.0.0.1', PHOTO_PORT);
  const server = createServer((request, response) => void answer(request, response, source));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function answer(request: IncomingMessage, response: ServerResponse, source: PhotoSource) {
  const name = isForUs(request) ? readName(request.url ?? '') : undefined;
  const bytes = name === undefined ? undefined : await source.read(name).catch(() => undefined);
  if (name === undefined || bytes === undefined) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('There is no such photo.\n');
    return;
  }
  const type = PHOTO_TYPES[extname(name).toLowerCase()] ?? 'application/octet-stream';
  response.writeHead(200, { 'content-type': type, 'content-length': bytes.byteLength });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

/** A page of another site that leads its own name here would otherwise read the photos. */
function isForUs({ method, headers, socket }: IncomingMessage): boolean {
  const hosts = ['127.0.0.1', 'localhost'].map((host) => `${host}:${socket.localPort}`);
  return (method === 'GET' || method === 'HEAD') && hosts.includes(headers.host ?? '');
}

function readName(url: string): string | undefined {
  try {
    return decodeURIComponent(url.slice(1).replace(/[?#].*$/, ''));
  } catch {
    return undefined;
  }
}
