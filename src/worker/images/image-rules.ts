import type { WorkerConfig } from '../../shared/config/config.js';
import type { FetchImageOptions } from './fetch-image.js';
import type { PhotoOwner } from './load-image.js';

/**
 * Returns where a tenant's photos may come from, and the headers for the hosts of private ones. A tenant of TENANTS_FILE
 * gets the headers of those hosts alone that it lists: otherwise it could have the private photos of others compared. One
 * that this worker does not know gets none: it is new, or it was removed while its job waited.
 */
export function imageRulesOf(
  { tenant, isListed }: PhotoOwner,
  settings: Pick<WorkerConfig, 'addressPolicy' | 'tenants' | 'IMAGE_HOST_HEADERS'>,
): Pick<FetchImageOptions, 'policy' | 'hostHeaders'> {
  const own = settings.tenants?.get(tenant);
  const policy = own?.addressPolicy ?? settings.addressPolicy;
  const hostHeaders = settings.IMAGE_HOST_HEADERS;
  const mayUseHeaders = own ? policy.ownImageHosts !== undefined : !isListed;
  return hostHeaders && mayUseHeaders ? { policy, hostHeaders } : { policy };
}
