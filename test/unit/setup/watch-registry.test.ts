import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchRegistry } from '../../../scripts/setup/watch-registry.mjs';
import { freePort } from '../../../src/cli/start/ports.js';
import { listen } from '../../support/servers/listen.js';

const TIMES = { first: 1, next: 1, answer: 20_000 };

describe('watchRegistry', { timeout: 60_000 }, () => {
  const ending = { current: new AbortController() };
  beforeEach(() => {
    ending.current = new AbortController();
  });
  afterEach(() => {
    ending.current.abort();
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  it('gives up on a registry that does not answer, and names it without a password', async () => {
    vi.spyOn(console, 'error').mockReturnValue();
    const port = await freePort();
    vi.stubEnv('npm_config_registry', `http://me:secret@127.0.0.1:${port}/npm/`);

    const problem = await watchRegistry(ending.current.signal, TIMES);

    expect(problem).toBe(`the npm registry http://127.0.0.1:${port}/npm/ does not answer (ECONNREFUSED).`);
  });

  it('keeps waiting for a registry that answers, even when it refuses the question', async () => {
    const lines: string[] = [];
    vi.spyOn(console, 'error').mockImplementation((line: string) => {
      lines.push(line);
      if (lines.length === 2) ending.current.abort();
    });
    const server = createServer((_, response) => response.writeHead(404).end());
    const port = await listen(server);
    vi.stubEnv('npm_config_registry', `http://127.0.0.1:${port}/`);

    const problem = await watchRegistry(ending.current.signal, TIMES);
    server.close();

    expect(problem).toBeUndefined();
    expect(lines[0]).toContain(`the npm registry http://127.0.0.1:${port}/ answers`);
  });
});
