import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/**
 * Looks a name up as the system does. When that fails `dns.lookup` leaves the addresses out, which its types deny;
 * here they are empty, so that no reader of them can throw where nothing would catch it.
 */
export const lookupHost: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, options, (error, address, family) => {
    if (error) callback(error, []);
    else callback(null, address, family);
  });
};
