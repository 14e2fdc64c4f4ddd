import { type AddressPolicy, createAddressPolicy } from './address-policy.js';

export interface OutboundSettings {
  readonly ALLOWED_PRIVATE_HOSTS: readonly string[];
  readonly ALLOWED_IMAGE_HOSTS: readonly string[];
  readonly ALLOWED_PORTS: readonly number[];
}

/** Returns the address policy that the settings describe; config.ts has checked them. */
export function outboundPolicy(config: OutboundSettings): AddressPolicy {
  return createAddressPolicy({
    allowedPrivateHosts: config.ALLOWED_PRIVATE_HOSTS,
    allowedImageHosts: config.ALLOWED_IMAGE_HOSTS,
    allowedPorts: config.ALLOWED_PORTS,
  });
}
