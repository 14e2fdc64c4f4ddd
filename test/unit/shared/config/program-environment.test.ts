import { describe, expect, it } from 'vitest';
import { ENVIRONMENT_NAMES } from '../../../../src/shared/config/config.js';
import { environmentFor, SECRET_SETTINGS } from '../../../../src/shared/config/program-environment.js';
import { createReceiptKeys } from '../../../../src/shared/receipts/receipt-keys.js';

/** Settings with such a name that hold no secret. */
const NO_SECRETS = ['WEBHOOK_SHARED_SIGNATURE'];

describe('SECRET_SETTINGS', () => {
  it('has every setting whose name speaks of a secret', () => {
    const named = ENVIRONMENT_NAMES.filter((name) =>
      /KEY|SECRET|TOKEN|PASSWORD|HEADERS|SIGNATURE/.test(name),
    );

    expect(SECRET_SETTINGS.toSorted()).toEqual(
      [...named.filter((name) => !NO_SECRETS.includes(name)), 'REDIS_URL', 'TENANTS_FILE'].toSorted(),
    );
  });
});

describe('environmentFor', () => {
  it('keeps from each program the secrets of others, given directly or as files', () => {
    const shared = {
      LOG_LEVEL: 'debug',
      UPLOAD_KEYS: 'a',
      TENANTS_FILE: '/tenants',
      WEBHOOK_SECRETS_FILE: '/b',
    };
    const forApi = { API_KEYS_FILE: '/c', ADMIN_API_KEYS: 'd' };
    const forWorker = { IMAGE_HOST_HEADERS_FILE: '/e' };

    const forNeither = { FACE_VERIFY_API_KEY: 'f', FACE_VERIFY_API_KEY_FILE: '/g' };

    const env = { ...shared, ...forApi, ...forWorker, ...forNeither };

    expect(environmentFor('api', env)).toEqual({ ...shared, ...forApi });
    expect(environmentFor('worker', env)).toEqual({ ...shared, ...forWorker });
  });

  it('gives the API the public halves of the receipt keys', () => {
    const RECEIPT_KEYS = createReceiptKeys();
    const { d, ...published } = JSON.parse(RECEIPT_KEYS).keys[0];

    expect(d).toBeDefined();
    expect(JSON.parse(environmentFor('api', { RECEIPT_KEYS }).RECEIPT_KEYS ?? '')).toEqual({
      keys: [published],
    });
    expect(environmentFor('worker', { RECEIPT_KEYS })).toEqual({ RECEIPT_KEYS });
  });

  it('leaves a wrong value to the check of the program', () => {
    expect(environmentFor('api', { RECEIPT_KEYS: '{}' })).toEqual({ RECEIPT_KEYS: '{}' });
  });
});
