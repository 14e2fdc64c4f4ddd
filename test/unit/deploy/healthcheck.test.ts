import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { closeServer, listen } from '../../support/servers/listen.js';
import { fromRoot } from './read-dockerfile.js';

const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Starts a server that gives every request this answer, or none at all; returns its URL. */
async function serveStatus(status: number | undefined): Promise<string> {
  const server = createServer((_request, response) => {
    if (status !== undefined) response.writeHead(status).end();
  });
  const port = await listen(server);
  closers.push(() => void closeServer(server));
  return `http://127.0.0.1:${port}/health`;
}

async function checkHealth(url: string): Promise<unknown> {
  const child = spawn(process.execPath, [fromRoot('deploy/healthcheck.mjs'), url]);
  const [code] = await once(child, 'exit');
  return code;
}

describe('deploy/healthcheck.mjs', () => {
  it('succeeds when the program answers 200', async () => {
    expect(await checkHealth(await serveStatus(200))).toBe(0);
  });

  it('fails when the program answers 503', async () => {
    expect(await checkHealth(await serveStatus(503))).toBe(1);
  });

  it('fails when nobody listens', async () => {
    const url = await serveStatus(200);
    for (const close of closers.splice(0)) close();

    expect(await checkHealth(url)).toBe(1);
  });

  it('fails within seconds when the program accepts and says nothing', async () => {
    expect(await checkHealth(await serveStatus(undefined))).toBe(1);
  });
});
