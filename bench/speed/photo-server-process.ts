import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

// A photo host of its own process: node --import tsx photo-server-process.ts FOLDER ADDRESS. Says its port in one line.
// A path's query may ask for a pause, /photo.jpg?ms=200, as a distant host would make.

const [, , folder = '.', host = '127.0.0.1'] = process.argv;
const photos = new Map(readdirSync(folder).map((name) => [`/${name}`, readFileSync(join(folder, name))]));

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const photo = photos.get(url.pathname);
  if (!photo) {
    response.writeHead(404).end();
    return;
  }
  const answer = () =>
    response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': photo.length }).end(photo);
  const pauseMs = Number(url.searchParams.get('ms') ?? 0);
  if (pauseMs > 0) setTimeout(answer, pauseMs);
  else answer();
});
server.keepAliveTimeout = 60_000;
server.listen(0, host, () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' && address ? address.port : 0}\n`);
});
