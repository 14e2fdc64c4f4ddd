import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { freePortNear } from '../ports.js';

/** Photos that can be served, by name. */
export interface PhotoSource {
  /** Names of the photos in the printed request and on the demo page: three fronts and their reference. */
  readonly fronts: readonly [string, string, string];
  readonly reference: string;
  /** Name of a photo of someone else. */
  readonly other?: string;
  /** Describes these photos in the greeting. */
  readonly description: string;
  /** Returns the bytes of a photo, or undefined if there is no photo with this name. */
  read(name: string): Promise<Uint8Array | undefined>;
}

/** Photos that this command serves, and their origin. */
export interface ServedPhotos extends Omit<PhotoSource, 'read'> {
  readonly origin: string;
}

/** Preferred port. If it is not free, another is used. */
const PHOTO_PORT = 8336;

export const PHOTO_TYPES: Readonly<Record<string, string>> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.webp': 'image/webp',
};

/** Serves photos on loopback while the process has other work. Returns the origin, like `http://127.0.0.1:8336`. */
export async function startPhotoServer(source: PhotoSource): Promise<string> {
  const port = await freePortNear('127.0.0.1', PHOTO_PORT);
  const server = createServer((request, response) => void answer(request, response, source));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Returns the value of DEMO_PHOTOS for these photos. */
export function listPhotoUrls({ origin, fronts, reference, other }: ServedPhotos): string {
  const names = [...fronts, reference, ...(other === undefined ? [] : [other])];
  // A comma in a name would end its URL.
  return names.map((name) => `${origin}/${encodeURIComponent(name)}`).join(',');
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

/** Without this check, a page of another site could read the photos by resolving its own name to this address. */
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
