import type { LookupFunction } from 'node:net';
import { inspect } from 'node:util';
import { Agent, type Dispatcher } from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type AddressPolicy, createAddressPolicy } from '../../../../src/shared/net/address-policy.js';
import { parseHostHeaders } from '../../../../src/shared/net/host-headers.js';
import { fetchImage } from '../../../../src/worker/images/fetch-image.js';
import { createGuardedAgent } from '../../../../src/worker/net/guarded-agent.js';
import { catchVerificationError } from '../../../support/programs/errors.js';
import { readLoopbackCertificate } from '../../../support/servers/loopback-certificate.js';
import { type RawServer, startRawServer } from '../../../support/servers/raw-server.js';

const head = (status: string, ...headers: readonly string[]) =>
  `${[`HTTP/1.1 ${status}`, ...headers].join('\r\n')}\r\n\r\n`;
const to = (location: string) => head('302 Found', `Location: ${location}`, 'Content-Length: 0');
const OK = `${head('200 OK', 'Content-Length: 1')}x`;

let host: RawServer;
let other: RawServer;

beforeAll(async () => {
  host = await startRawServer();
  other = await startRawServer({ host: '127.0.0.2' });
});
afterAll(async () => {
  await host.stop();
  await other.stop();
});
beforeEach(() => {
  host.reset();
  other.reset();
});
afterEach(async () => {
  await host.idle();
  await other.idle();
});

const placeOf = (server: RawServer) => `127.0.0.${server === other ? 2 : 1}:${server.port}`;
/** The values of Authorization that a server got, one for each request. */
const sentTo = ({ requests }: RawServer) =>
  requests.map((request) => /\r\nauthorization: (.*)\r\n/i.exec(request)?.[1]);

interface Fetch {
  readonly url: string;
  /** The hosts that have headers. */
  readonly places: readonly string[];
  readonly policy?: AddressPolicy;
  readonly agent?: Dispatcher;
}

function fetchFrom({ url, places, ...given }: Fetch): Promise<Uint8Array> {
  const allowed = { allowedPrivateHosts: ['127.0.0.0/8'], allowedImageHosts: [], allowedPorts: [] };
  const policy = given.policy ?? createAddressPolicy(allowed);
  const agent = given.agent ?? createGuardedAgent(policy, { connectTimeoutMs: 60_000 });
  onTestFinished(() => agent.destroy());
  const entries = places.map((place) => [place, { Authorization: `for ${place}` }]);
  const hostHeaders = parseHostHeaders(JSON.stringify(Object.fromEntries(entries))).headers;
  return fetchImage(url, {
    policy,
    agent,
    hostHeaders,
    userAgent: 'a test',
    maxBytes: 100,
    timeoutMs: 60_000,
  });
}

describe('the headers of a private host', () => {
  it('are sent to it, after a redirect within it, and with a retry', async () => {
    const place = placeOf(host);
    host.answer((socket, nth) =>
      socket.end(nth === 1 ? head('503 A', 'Content-Length: 0') : nth === 2 ? to('/b') : OK),
    );

    await fetchFrom({ url: `http://${place}/a`, places: [place] });

    expect(sentTo(host)).toEqual([`for ${place}`, `for ${place}`, `for ${place}`]);
  });

  it('are sent neither to another host after a redirect, nor after a redirect back', async () => {
    const places = [placeOf(host), placeOf(other)] as const;
    host.answer((socket, nth) => socket.end(nth === 1 ? to(`http://${places[1]}/`) : OK));
    other.answer(to(`http://${places[0]}/b`));

    await fetchFrom({ url: `http://${places[0]}/a`, places });

    expect([sentTo(host), sentTo(other)]).toEqual([[`for ${places[0]}`, undefined], [undefined]]);
  });

  it('are not sent when another host redirects to it', async () => {
    const place = placeOf(host);
    host.answer(OK);
    other.answer(to(`http://${place}/`));

    await fetchFrom({ url: `http://${placeOf(other)}/`, places: [place] });

    expect([sentTo(host), sentTo(other)]).toEqual([[undefined], [undefined]]);
  });

  it('are sent over TLS, and are in no error', async () => {
    const { key, cert } = readLoopbackCertificate();
    const secure = await startRawServer({ tls: { key, cert } });
    onTestFinished(() => secure.stop());
    const allowed = { allowedPrivateHosts: [], allowedImageHosts: [], allowedPorts: [secure.port] };
    // Only a test can trust this certificate and reach a loopback address by a public name.
    const lookup: LookupFunction = (_name, { all }, callback) =>
      all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4);
    const agent = new Agent({ connect: { ca: cert, lookup } });
    const place = `photos.acme.com:${secure.port}`;
    secure.answer(head('403 Forbidden', 'Content-Length: 0'));

    const error = await catchVerificationError(() =>
      fetchFrom({
        url: `https://${place}/`,
        places: [place],
        policy: createAddressPolicy(allowed),
        agent,
      }),
    );

    expect(sentTo(secure)).toEqual([`for ${place}`]);
    expect(inspect(error, { depth: 9 })).not.toContain(`for ${place}`);
  });
});
