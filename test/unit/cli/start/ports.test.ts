import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { claimPort, freePort, freePortNear } from '../../../../src/cli/start/ports.js';
import { UserError } from '../../../../src/cli/user-error.js';

describe('ports', () => {
  let holder: Server | undefined;
  afterEach(() => new Promise((resolve) => (holder ? holder.close(resolve) : resolve(undefined))));

  async function holdPort(): Promise<number> {
    const port = await freePort();
    holder = createServer();
    await new Promise<void>((resolve) => holder?.listen(port, '127.0.0.1', resolve));
    return port;
  }

  it('are claimed when they are free', async () => {
    const port = await freePort();

    expect(await claimPort('127.0.0.1', port)).toBe(port);
  });

  it('are refused when they are taken, with the way to choose another', async () => {
    const port = await holdPort();

    const claim = claimPort('127.0.0.1', port);

    await expect(claim).rejects.toThrow(UserError);
    await expect(claim).rejects.toThrow('npm start -- --port');
  });

  it('are refused on a host that is not this machine', async () => {
    await expect(claimPort('192.0.2.1', await freePort())).rejects.toThrow(
      /Is HOST an address of this machine/,
    );
  });

  it('are replaced by another if any port will do', async () => {
    const taken = await holdPort();

    const port = await freePortNear('127.0.0.1', taken);

    expect(port).toBeGreaterThan(0);
    expect(port).not.toBe(taken);
  });
});
