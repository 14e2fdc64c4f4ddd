import { expect, it } from 'vitest';
import { createAddressPolicy } from '../../../../src/shared/net/address-policy.js';
import { parseHostHeaders } from '../../../../src/shared/net/host-headers.js';
import { readTenants } from '../../../../src/shared/tenants/read-tenants.js';
import { imageRulesOf } from '../../../../src/worker/images/image-rules.js';

const addressPolicy = createAddressPolicy({
  allowedPrivateHosts: [],
  allowedImageHosts: [],
  allowedPorts: [],
});
const { headers } = parseHostHeaders('{"photos.acme.com": {"Authorization": "Bearer token"}}');
const { tenants } = readTenants(
  JSON.stringify({ tenants: { lists: { allowed_image_hosts: ['photos.acme.com'] }, lists_nothing: {} } }),
  { MIN_THRESHOLD: 0.2, JOB_RETENTION_SECONDS: 60, WEBHOOK_SECRETS: [], addressPolicy },
);
const settings = { addressPolicy, tenants, IMAGE_HOST_HEADERS: headers };

const listed = (tenant: string) => ({ tenant, isListed: true });
const keyHolder = { tenant: 'of_api_keys', isListed: false };

it('gives the headers of private hosts to tenants that list hosts, and to keys that no file narrows', () => {
  expect(imageRulesOf(listed('lists'), settings).hostHeaders).toBe(headers);
  expect(imageRulesOf(listed('lists'), settings).policy.ownImageHosts?.has('photos.other.com')).toBe(false);
  expect(imageRulesOf(listed('lists_nothing'), settings)).toEqual({ policy: addressPolicy });
  expect(imageRulesOf(keyHolder, settings)).toEqual({ policy: addressPolicy, hostHeaders: headers });
});

it('gives no headers to a tenant that the worker does not know, because it is new or was removed', () => {
  expect(imageRulesOf(listed('unknown'), settings)).toEqual({ policy: addressPolicy });
  const withoutFile = { ...settings, tenants: undefined };
  expect(imageRulesOf(listed('lists'), withoutFile)).toEqual({ policy: addressPolicy });
  expect(imageRulesOf(keyHolder, withoutFile).hostHeaders).toBe(headers);
});
