import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { createAddressPolicy } from '../../../src/shared/address-policy.js';
import { lookupHost } from '../../../src/worker/lookup-host.js';
import { createGuardedAgent } from '../../../src/worker/outbound/guarded-agent.js';

/** No resolver is asked for a label of 64 characters: the look-up fails on this machine. */
const UNKNOWN_HOST = `${'x'.repeat(64)}.example.org`;

describe('lookupHost', () => {
  it('gives the addresses of a name that leads somewhere', async () => {
    const answer = await new Promise((resolve) =>
      lookupHost('localhost', { all: true }, (_error, addresses) => resolve(addresses)),
    );

    expect(answer).toContainEqual(
      expect.objectContaining({ address: expect.stringMatching(/^(127\.0\.0\.1|::1)$/) }),
    );
  });

  it('fails with a list without addresses, not without a list', async () => {
    const [error, addresses] = await new Promise<readonly [unknown, unknown]>((resolve) =>
      lookupHost(UNKNOWN_HOST, { all: true }, (...answer) => resolve([answer[0], answer[1]])),
    );

    expect(error).toBeInstanceOf(Error);
    expect(addresses).toEqual([]);
  });

  it('fails the one request to a host that nobody knows, and not the process', async () => {
    const policy = createAddressPolicy({ allowedPrivateHosts: [], allowedImageHosts: [], allowedPorts: [] });
    const agent = createGuardedAgent(policy, { connectTimeoutMs: 2_000, lookup: lookupHost });

    const answer = request(`http://${UNKNOWN_HOST}/`, { dispatcher: agent });

    await expect(answer).rejects.toMatchObject({ code: expect.stringMatching(/^(ENOTFOUND|EAI_)/) });
    await agent.destroy();
  });
});
