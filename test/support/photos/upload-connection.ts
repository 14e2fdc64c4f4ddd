import { once } from 'node:events';
import { connect } from 'node:net';
import { FORM_TYPE } from '../builders/multipart.js';

/** Returns the head of a request to `POST /jobs` with a form of `length` bytes. */
export function uploadHead(length: number, requestId: string): string {
  return [
    'POST /jobs HTTP/1.1',
    'Host: localhost',
    'Connection: close',
    `X-Request-Id: ${requestId}`,
    `Content-Type: ${FORM_TYPE}`,
    `Content-Length: ${length}`,
    '',
    '',
  ].join('\r\n');
}

/** Opens a connection to a service on this machine. */
export function connectTo(origin: string) {
  return connect(Number(new URL(origin).port), '127.0.0.1');
}

/** Sends these bytes on a connection of their own, ends its side, and returns the answer. */
export async function exchange(origin: string, pieces: readonly (string | Buffer)[]): Promise<string> {
  const socket = connectTo(origin);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  for (const piece of pieces) socket.write(piece);
  socket.end();
  await once(socket, 'close');
  return text;
}
