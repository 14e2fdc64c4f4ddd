import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { listen } from '../../test/support/servers/listen.js';

// A photo host as a separate process: node --import tsx photo-server-process.ts FOLDER ADDRESS. Prints its port.
// A path's query may ask for a pause, /photo.jpg?ms=200, as a distant host would make, and for bytes behind the photo,
// /photo.jpg?salt=7, which make another file of it.

const [, , folder = '.', host = '127.0.0.1'] = process.argv;
const photos = new Map(readdirSync(folder).map((name) => [`/${name}`, readFileSync(join(folder, name))]));

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const photo = photos.get(url.pathname);
  if (!photo) {
    response.writeHead(404).end();
    return;
  }
  const salt = url.searchParams.get('salt') ?? '';
  const length = photo.length + Buffer.byteLength(salt);
  const answer = () => {
    response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': length });
    response.write(photo);
    response.end(salt);
  };
  const pauseMs = Number(url.searchParams.get('ms') ?? 0);
  if (pauseMs > 0) setTimeout(answer, pauseMs);
  else answer();
});
server.keepAliveTimeout = 60_000;
process.stdout.write(`${await listen(server, { host })}\n`);
