import { describe, expect, it } from 'vitest';
import { readSettings } from '../../../../src/cli/start/settings.js';
import { StartError } from '../../../../src/cli/start/start-error.js';

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

  it('gives name look-ups more threads than Node does, or as many as it is told', () => {
    expect(read().environment.UV_THREADPOOL_SIZE).toBe('16');
    expect(read([], { UV_THREADPOOL_SIZE: '32' }).environment.UV_THREADPOOL_SIZE).toBe('32');
  });

  it('makes a webhook secret for each run, and none beside one that is given', () => {
    const first = read().webhookSecret;

    expect(first).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(read().webhookSecret).not.toBe(first);
    expect(read([], { WEBHOOK_SECRETS: 'whsec_mine' }).webhookSecret).toBeUndefined();
    expect(read([], { WEBHOOK_SECRETS_FILE: '/run/secret' }).webhookSecret).toBeUndefined();
  });

  it('hands the secret that it made to the programs', () => {
    const { webhookSecret, environment } = read();

    expect(environment.WEBHOOK_SECRETS).toBe(webhookSecret);
  });

  it.each([{ REDIS_URL: 'redis://elsewhere' }, { REDIS_URL_FILE: '/run/redis' }])(
    'starts no Redis of its own beside %o',
    (environment) => {
      expect(read([], environment).bringsRedis).toBe(true);
      expect(read().bringsRedis).toBe(false);
    },
  );

  it.each(['abc', '-1', '65536', '80.5', '0x50'])('refuses %s as a port', (port) => {
    expect(() => read([`--port=${port}`])).toThrow(StartError);
  });

  it('refuses an argument it does not know, and tells those it does', () => {
    expect(() => read(['--prot', '9000'])).toThrow(/Usage: npm start/);
  });
});
