import { describe, expect, it } from 'vitest';
import { canFetchLoopback } from '../../../../src/cli/start/check-settings.js';
import { readSettings } from '../../../../src/cli/start/settings.js';
import { UserError } from '../../../../src/cli/user-error.js';

const read = (args: readonly string[] = [], environment: NodeJS.ProcessEnv = {}) =>
  readSettings(args, environment, '/packs');

describe('readSettings', () => {
  it('listens on loopback, port 8333, with the pack that needs no licence', () => {
    const { host, port, environment } = read();

    expect({ host, port }).toEqual({ host: '127.0.0.1', port: 8333 });
    expect(environment).toMatchObject({ HOST: '127.0.0.1', INSIGHTFACE_MODEL: 'lite', MODELS_DIR: '/packs' });
  });

  it('follows the environment, and arguments before it', () => {
    const environment = {
      PORT: '9000',
      HOST: '0.0.0.0',
      INSIGHTFACE_MODEL: 'buffalo_l',
      MODELS_DIR: '/mine',
    };

    expect(read([], environment)).toMatchObject({ port: 9000, host: '0.0.0.0', environment });
    expect(read(['--port', '9001', '--host', '::1'], environment)).toMatchObject({ port: 9001, host: '::1' });
  });

  it('needs keys for receipts unless they are given', () => {
    expect(read().needsReceiptKeys).toBe(true);
    expect(read([], { RECEIPT_KEYS: '{}' }).needsReceiptKeys).toBe(false);
    expect(read([], { RECEIPT_KEYS_FILE: '/run/secret' }).needsReceiptKeys).toBe(false);
  });

  it('needs a webhook secret unless one is given', () => {
    expect(read().needsWebhookSecret).toBe(true);
    expect(read([], { WEBHOOK_SECRETS: 'whsec_mine' }).needsWebhookSecret).toBe(false);
    expect(read([], { WEBHOOK_SECRETS_FILE: '/run/secret' }).needsWebhookSecret).toBe(false);
  });

  it.each([[[]], [['--host', 'localhost']], [['--host=::1']], [['--host=127.0.0.2']]])(
    'lets photos and callbacks be on this machine when only this machine reaches the service: %o',
    (args) => {
      expect(canFetchLoopback(read(args).environment)).toBe(true);
    },
  );

  it('keeps loopback closed when the service listens on other addresses, or has a list of allowed hosts', () => {
    const told = { ALLOWED_PRIVATE_HOSTS: 'minio' };

    expect(canFetchLoopback(read(['--host', '0.0.0.0']).environment)).toBe(false);
    expect(canFetchLoopback(read([], { HOST: '192.168.1.7' }).environment)).toBe(false);
    expect(canFetchLoopback(read([], { ALLOWED_PRIVATE_HOSTS: '' }).environment)).toBe(false);
    expect(read([], told).environment).toMatchObject(told);
  });

  it('serves photos of a folder when asked', () => {
    expect(read(['--photos', '/mine']).photos).toBe('/mine');
    expect(read().photos).toBeUndefined();
  });

  it.each(['abc', '-1', '65536', '80.5', '0x50'])('refuses %s as a port', (port) => {
    expect(() => read([`--port=${port}`])).toThrow(UserError);
  });

  it('refuses an unknown argument and lists the known ones', () => {
    expect(() => read(['--prot', '9000'])).toThrow(/Usage: npm start/);
  });
});
