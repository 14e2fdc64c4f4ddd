import { isIP, type LookupFunction, type Socket } from 'node:net';
import { buildConnector, type Dispatcher } from 'undici';
import { VerificationError } from '../../shared/errors.js';
import { type AddressPolicy, isAddressAllowed } from '../../shared/net/address-policy.js';
import { createHostResolver } from './dns/host-resolver.js';
import { OneShotDispatcher } from './one-shot-dispatcher.js';

/** Upper bound of all response headers together, in bytes. */
const MAX_HEADER_BYTES = 16_384;

/** How long one address of several is tried before the next is tried beside it, in milliseconds (RFC 8305). */
const NEXT_ADDRESS_AFTER_MS = 500;

export interface GuardedAgentOptions {
  /** Time for name resolution, TCP and TLS together, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Has the signature of `dns.lookup`. Default: a `createHostResolver` of its own. */
  readonly lookup?: LookupFunction;
  /** Called with the addresses about to be connected to, all of them allowed. What it throws ends the request. */
  readonly onAddresses?: (addresses: readonly string[]) => void;
}

/**
 * Returns a dispatcher that connects only where `policy` allows: literal addresses are judged before connecting, all
 * addresses of a name when it is resolved (one bad answer refuses the whole set, and only judged addresses are handed
 * on, so a second answer cannot differ), and the socket's own peer address once more at the end.
 *
 * One request a connection: no idle socket outlives its request, and every request is judged anew. Proxy variables are
 * not looked at, certificates are always checked. Whoever creates the agent destroys it. A refusal reaches the request
 * as VerificationError `image_url_forbidden`. Judging the URL itself (`checkUrl`) is left to the caller, on every hop.
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
    callback(null, socket);
    return;
  }
  socket.destroy();
  callback(peer === undefined ? new VerificationError('image_fetch_failed') : refusal(), null);
}

/** Returns what `call` throws, if anything: a throw inside a connector or a look-up would end the process. */
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
