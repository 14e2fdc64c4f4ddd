import { isIP, type LookupFunction, type Socket } from 'node:net';
import { buildConnector, type Dispatcher } from 'undici';
import { VerificationError } from '../../shared/errors.js';
import { type AddressPolicy, isAddressAllowed } from '../../shared/net/address-policy.js';
import { createHostResolver } from './dns/host-resolver.js';
import { OneShotDispatcher } from './one-shot-dispatcher.js';
import { tidyResponseHead } from './tidy-response-head.js';

/** Limit for all response headers together, bytes. Some hosts send 17 KB; browsers accept 256 KB. */
const MAX_HEADER_BYTES = 65_536;

/** Time after which the next of several addresses is tried in parallel, ms (RFC 8305). */
const NEXT_ADDRESS_AFTER_MS = 500;

export interface GuardedAgentOptions {
  /** Time for name resolution, TCP and TLS together, ms. */
  readonly connectTimeoutMs: number;
  /** Has the signature of `dns.lookup`. Default: a `createHostResolver` of its own. */
  readonly lookup?: LookupFunction;
  /** Called before connecting with the candidate addresses, all of them allowed. An error it throws fails the request. */
  readonly onAddresses?: (addresses: readonly string[]) => void;
}

/**
 * Returns a dispatcher that connects only where `policy` allows. It checks a literal address before connecting, all
 * addresses of a name when it is resolved, and the socket's own peer address at the end. One forbidden address refuses
 * the whole set, and only checked addresses are passed on, so a second DNS answer cannot differ.
 *
 * Each request has its own connection: no idle socket outlives its request, and every request is checked again. So sloppy
 * response heads can be corrected safely (`tidyResponseHead`). Proxy variables are ignored and certificates always verified. The caller destroys the agent, and checks the URL itself
 * (`checkUrl`) on every hop. A refusal reaches the request as VerificationError `image_url_forbidden`.
 */
export function createGuardedAgent(policy: AddressPolicy, options: GuardedAgentOptions): Dispatcher {
  const onAddresses = options.onAddresses ?? (() => undefined);
  const connectTo = buildConnector({
    lookup: guardLookup(policy, options.lookup ?? createHostResolver(), onAddresses),
    timeout: options.connectTimeoutMs,
    rejectUnauthorized: true,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_AFTER_MS,
  });
  const connect: buildConnector.connector = (target, callback) => {
    // A literal address never reaches the lookup function.
    if (isIP(target.hostname)) {
      const problem = isAddressAllowed(target.hostname, target.hostname, policy)
        ? errorOf(() => onAddresses([target.hostname]))
        : refusal();
      if (problem) return callback(problem, null);
    }
    connectTo(target, (error, socket) => {
      if (error !== null) callback(error, null);
      else checkPeer(socket, target.hostname, policy, callback);
    });
  };
  return new OneShotDispatcher({ connect, maxHeaderSize: MAX_HEADER_BYTES });
}

function guardLookup(
  policy: AddressPolicy,
  lookup: LookupFunction,
  onAddresses: (addresses: readonly string[]) => void,
): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, answer) => {
      const addresses = typeof answer === 'string' ? [] : answer;
      const first = addresses[0];
      if (error) return callback(error, []);
      if (!first || !addresses.every(({ address }) => isAddressAllowed(address, hostname, policy)))
        return callback(refusal(), []);
      const problem = errorOf(() => onAddresses(addresses.map(({ address }) => address)));
      if (problem) callback(problem, []);
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function checkPeer(
  socket: Socket,
  hostname: string,
  policy: AddressPolicy,
  callback: buildConnector.Callback,
): void {
  const peer = socket.remoteAddress;
  if (peer !== undefined && isAddressAllowed(peer, hostname, policy)) {
    // undici uses only what every duplex stream has.
    callback(null, tidyResponseHead(socket, { maxHeadBytes: MAX_HEADER_BYTES }) as Socket);
    return;
  }
  socket.destroy();
  callback(peer === undefined ? new VerificationError('image_fetch_failed') : refusal(), null);
}

/** Returns the error that `call` throws, if any: thrown inside a connector or a look-up it would end the process. */
function errorOf(call: () => void): Error | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function refusal(): VerificationError {
  return new VerificationError('image_url_forbidden', {
    detail: 'The host is at an address that is not public, and ALLOWED_PRIVATE_HOSTS does not list it.',
    context: { reason: 'address', setting: 'ALLOWED_PRIVATE_HOSTS' },
  });
}
