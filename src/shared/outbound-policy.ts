import { type AddressPolicy, createAddressPolicy } from './address-policy.js';
import type { ApiConfig, WorkerConfig } from './config.js';

type PolicySettings = Pick<
  ApiConfig & WorkerConfig,
  'ALLOWED_PRIVATE_HOSTS' | 'ALLOWED_IMAGE_HOSTS' | 'ALLOWED_PORTS'
>;

/** Returns the address policy that the settings describe; config.ts has checked them. */
export function outboundPolicy(config: PolicySettings): AddressPolicy {
  return createAddressPolicy({
    allowedPrivateHosts: config.ALLOWED_PRIVATE_HOSTS,
    allowedImageHosts: config.ALLOWED_IMAGE_HOSTS,
    allowedPorts: config.ALLOWED_PORTS,
  });
}
