import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  ConfigError,
  ENVIRONMENT_NAMES,
  loadApiConfig,
  loadModelsDir,
  loadWorkerConfig,
} from '../../../../src/shared/config/config.js';
import { createReceiptKeys, parseReceiptKeys } from '../../../../src/shared/receipts/receipt-keys.js';

function problemsOf(load: () => unknown): readonly string[] {
  try {
    load();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
  }
  return [];
}

describe('the names of the Python service', () => {
  it('have its defaults', () => {
    const { config, warnings } = loadWorkerConfig({});

    expect(config).toMatchObject({
      INSIGHTFACE_MODEL: 'buffalo_l',
      DETECTION_SIZE: 640,
      FACE_MATCH_THRESHOLD: 0.5,
      FACE_MATCH_MIN_MATCHES: 2,
      IMAGE_DOWNLOAD_TIMEOUT: 15,
      MAX_IMAGE_BYTES: 10_485_760,
    });
    expect(warnings).toEqual([]);
  });

  const wrong: readonly (readonly [string, string])[] = [
    ['FACE_MATCH_MIN_MATCHES', '1'],
    ['FACE_MATCH_MIN_MATCHES', '4'],
    ['FACE_MATCH_MIN_MATCHES', '2.5'],
    ['FACE_MATCH_THRESHOLD', '-1'],
    ['FACE_MATCH_THRESHOLD', '1.5'],
    ['FACE_MATCH_THRESHOLD', 'NaN'],
    ['FACE_MATCH_THRESHOLD', 'half'],
    ['DETECTION_SIZE', '641'],
    ['IMAGE_DOWNLOAD_TIMEOUT', '0'],
    ['MAX_IMAGE_BYTES', '-5'],
    ['INSIGHTFACE_MODEL', ' '],
    ...['0', '0.0', '.0', '0x0', '1e-9', '-0', ' ', '0,6', '6e-1', '0.19', '٠٫٥', '0.6 or so'].map(
      (value) => ['FACE_MATCH_THRESHOLD', value] as const,
    ),
    ['DETECTION_SIZE', '0x280'],
    ['MAX_IMAGE_BYTES', '1e7'],
  ];
  for (const [name, value] of wrong) {
    it(`fall back with a warning: ${name}=${value}`, () => {
      const { config, warnings, fallbacks } = loadApiConfig({ [name]: value });

      expect(config[name as keyof typeof config]).toBe(loadApiConfig({}).config[name as keyof typeof config]);
      expect(warnings).toHaveLength(1);
      expect(fallbacks).toEqual(warnings);
      expect(warnings[0]).toContain(`${name} is ${JSON.stringify(value)}`);
    });
  }

  it('take good values', () => {
    const { config } = loadApiConfig({ FACE_MATCH_THRESHOLD: '0.42', FACE_MATCH_MIN_MATCHES: '3' });

    expect([config.FACE_MATCH_THRESHOLD, config.FACE_MATCH_MIN_MATCHES]).toEqual([0.42, 3]);
    expect(loadApiConfig({ FACE_MATCH_THRESHOLD: '.6' }).config.FACE_MATCH_THRESHOLD).toBe(0.6);
  });

  it('respect the minimum threshold that the operator sets', () => {
    const thresholdWith = (floor: string, threshold?: string) =>
      loadApiConfig({ MIN_THRESHOLD: floor, FACE_MATCH_THRESHOLD: threshold }).config.FACE_MATCH_THRESHOLD;

    expect(thresholdWith('0.1', '0.15')).toBe(0.15);
    expect(thresholdWith('0', '0')).toBe(0.5);
    expect(thresholdWith('0.6')).toBe(0.6);
    expect(thresholdWith('0.6', '0.55')).toBe(0.6);
    expect(thresholdWith('0.6', '0.7')).toBe(0.7);
  });
});

describe('new names', () => {
  it('stop the process with every wrong one listed', () => {
    const problems = problemsOf(() =>
      loadApiConfig({ PORT: '99999', MAX_QUEUE_DEPTH: 'many', REDIS_URL: 'http://x' }),
    );

    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'REDIS_URL',
      'PORT',
      'MAX_QUEUE_DEPTH',
    ]);
  });

  it('stop the process for a short or nameless API key without quoting it', () => {
    const problems = problemsOf(() => loadApiConfig({ API_KEYS: 'alice:short,justakeywithoutaname00' }));

    expect(problems).toHaveLength(2);
    expect(problems.join()).not.toMatch(/short$|justakey/);
  });

  it('count an empty text as unset', () => {
    expect(loadApiConfig({ PORT: '', API_KEYS: '', API_KEYS_FILE: '' }).config).toMatchObject({
      PORT: 8333,
      API_KEYS: [],
    });
  });

  it.each(['0x10', '1e3', '+1', '1_000', '10.0', '٣'])(
    'stop the process for PORT=%s and quote it',
    (value) => {
      expect(problemsOf(() => loadApiConfig({ PORT: value })).join()).toContain(JSON.stringify(value));
    },
  );

  const lists = [
    'API_KEYS',
    'ADMIN_API_KEYS',
    'ALLOWED_IMAGE_HOSTS',
    'ALLOWED_PRIVATE_HOSTS',
    'ALLOWED_PORTS',
    'NAT64_PREFIXES',
    'CORS_ORIGINS',
    'WEBHOOK_SECRETS',
    'EXECUTION_PROVIDERS',
    'IMAGE_FORMATS',
  ] as const;
  const both = (env: Record<string, string>) =>
    [loadApiConfig, loadWorkerConfig].map((load) => () => load(env));
  const problemsOfEither = (env: Record<string, string>) => both(env).flatMap(problemsOf);

  it.each(lists.flatMap((name) => [',', ' , ,', ' ', '\n'].map((value) => [name, value] as const)))(
    'stop the process when a list is set and lists nothing: %s=%j',
    (name, value) => {
      const [problem] = problemsOfEither({ [name]: value });

      expect(problem).toMatch(new RegExp(`^${name}: is set`));
    },
  );

  it.each(['REDIS_URL', 'WEBHOOK_URL', 'MODELS_DIR', 'HOST', 'LOG_USER_ID', 'PORT'])(
    'stop the process when %s is set to blanks',
    (name) => {
      expect(problemsOfEither({ [name]: ' ' })[0]).toContain(`${name}: is set`);
    },
  );

  it.each(['*', 'https://app.example/', 'https://app.example/x', 'app.example', 'HTTPS://app.example'])(
    'stop the process for an origin that no browser sends: %s',
    (origin) => {
      expect(problemsOf(() => loadApiConfig({ CORS_ORIGINS: `https://ok.example,${origin}` }))).toHaveLength(
        1,
      );
    },
  );

  it('take origins of pages, of apps and with ports', () => {
    const origins = ['https://app.example', 'http://localhost:3000', 'capacitor://localhost'];

    expect(loadApiConfig({ CORS_ORIGINS: origins.join() }).config.CORS_ORIGINS).toEqual(origins);
  });

  it.each(['WORKER_PORT', 'METRICS_PORT', 'PORT', 'MODELS_DIR', 'DETECTION_SIZE'])(
    'ignore with a warning what Kubernetes sets for a service: %s',
    (name) => {
      const plain = { ...loadWorkerConfig({}).config, ...loadApiConfig({}).config };
      // The policy holds functions, which are never equal.
      const { addressPolicy: _policy, ...values } = plain;
      const env = { [name]: 'tcp://10.96.0.17:8334' };
      const [worker, api] = [loadWorkerConfig(env), loadApiConfig(env)];

      const { addressPolicy: _other, ...ignoring } = { ...worker.config, ...api.config };
      expect(ignoring).toEqual(values);
      expect([...worker.warnings, ...api.warnings][0]).toContain(`${name} is ignored`);
      // /health, which is open to everybody, shows no address of the cluster.
      expect([...worker.fallbacks, ...api.fallbacks]).toEqual([]);
    },
  );

  it.each([
    ['redis://a/x', /^REDIS_URL: the database/],
    ['redis://:hun@ter@2@a', /^REDIS_URL: /],
  ])('say what is wrong with the Redis at %s', (url, reason) => {
    const [problem] = problemsOf(() => loadApiConfig({ REDIS_URL: url }));

    expect(problem).toMatch(reason);
    expect(problem).not.toMatch(/hun|ter@|2@/);
  });

  it('are read from the file that NAME_FILE points to', () => {
    const folder = mkdtempSync(join(tmpdir(), 'face-config-'));
    const path = join(folder, 'keys');
    writeFileSync(path, 'alice:0123456789abcdef\n');

    const { config } = loadApiConfig({ API_KEYS_FILE: path });

    rmSync(folder, { recursive: true });
    expect(config.API_KEYS.map((key) => key.name)).toEqual(['alice']);
    expect(JSON.stringify(config)).not.toContain('0123456789abcdef');
  });

  it.each(['API_KEYS', 'REDIS_URL', 'WEBHOOK_SECRETS', 'PORT', 'FACE_MATCH_THRESHOLD'])(
    'stop the process when the file of %s is empty, or stands beside the variable',
    (name) => {
      const folder = mkdtempSync(join(tmpdir(), 'face-config-'));
      const path = join(folder, 'value');
      writeFileSync(path, ' \n');

      const empty = problemsOf(() => loadApiConfig({ [`${name}_FILE`]: path }));
      const twice = problemsOf(() => loadApiConfig({ [`${name}_FILE`]: path, [name]: 'x' }));

      rmSync(folder, { recursive: true });
      expect(empty).toEqual([`${name}_FILE: the file is empty`]);
      expect(twice[0]).toContain(`${name}: ${name}_FILE is set too`);
    },
  );

  it('also stop the model commands if MODELS_DIR is set and blank', () => {
    expect(loadModelsDir({})).toBe('models');
    expect(problemsOf(() => loadModelsDir({ MODELS_DIR: ' ' }))).toHaveLength(1);
    expect(problemsOf(() => loadModelsDir({ MODELS_DIR_FILE: '/nowhere' }))).toHaveLength(1);
  });

  it('name the variable whose file cannot be read', () => {
    expect(problemsOf(() => loadApiConfig({ API_KEYS_FILE: '/nowhere/keys' }))).toEqual([
      'API_KEYS_FILE: the file cannot be read',
    ]);
  });

  it('give two jobs at a time to each vision process by default', () => {
    const { config } = loadWorkerConfig({ VISION_PROCESSES: '3' });

    expect(config.WORKER_CONCURRENCY).toBe(6);
  });

  it('pass no secret on to a vision process', () => {
    const { config } = loadWorkerConfig({
      PATH: '/bin',
      API_KEYS: 'x',
      REDIS_URL: 'redis://u:p@h:1',
      LD_PRELOAD: 'libjemalloc.so.2',
    });

    expect(config.vision.environment).toEqual({ PATH: '/bin', LD_PRELOAD: 'libjemalloc.so.2' });
  });

  it('are frozen once read', () => {
    expect(Object.isFrozen(loadApiConfig({}).config)).toBe(true);
  });
});

describe('RECEIPT_KEYS', () => {
  const privateKeys = createReceiptKeys();
  const { keys } = parseReceiptKeys(privateKeys);
  const publicKeys = JSON.stringify({ keys: keys.map(({ published }) => published) });

  it('stays private in a worker and is only public in the API', () => {
    const api = loadApiConfig({ RECEIPT_KEYS: privateKeys }).config.RECEIPT_KEYS;
    const worker = loadWorkerConfig({ RECEIPT_KEYS: privateKeys }).config.RECEIPT_KEYS;

    expect(api).toEqual(keys.map(({ published }) => published));
    expect(api).toEqual(loadApiConfig({ RECEIPT_KEYS: publicKeys }).config.RECEIPT_KEYS);
    expect(worker[0]?.privateKey?.type).toBe('private');
  });

  it('warns an API that gets a private key, and no program that gets what it needs', () => {
    const warnings = [
      loadApiConfig({ RECEIPT_KEYS: privateKeys }).warnings,
      loadApiConfig({ RECEIPT_KEYS: publicKeys }).warnings,
      loadWorkerConfig({ RECEIPT_KEYS: privateKeys }).warnings,
    ];

    expect(warnings).toEqual([
      [expect.stringMatching(/^RECEIPT_KEYS has a private key .*--public$/)],
      [],
      [],
    ]);
  });

  it('keeps a worker from starting with public keys only, and both programs with a wrong one', () => {
    const wrong = { RECEIPT_KEYS: '{"keys":[{"kty":"RSA"}]}' };

    expect(problemsOf(() => loadWorkerConfig({ RECEIPT_KEYS: publicKeys }))).toEqual([
      expect.stringMatching(/^RECEIPT_KEYS: has only public keys/),
    ]);
    for (const load of [loadApiConfig, loadWorkerConfig])
      expect(problemsOf(() => load(wrong))).toEqual([expect.stringMatching(/^RECEIPT_KEYS: key 1 must be/)]);
  });
});

describe('WEBHOOK_URL', () => {
  const withUrl = (url: string, more: Readonly<Record<string, string>> = {}) =>
    loadApiConfig({ WEBHOOK_URL: url, WEBHOOK_SECRETS: `whsec_${'A'.repeat(32)}`, ...more });

  it.each([
    ['a private address', 'http://10.0.0.5/hook', 'not a public host name or address'],
    [
      'the address of a cloud’s metadata',
      'http://169.254.169.254/latest',
      'not a public host name or address',
    ],
    ['a private address in another spelling', 'http://0x7f.1/hook', 'not a public host name or address'],
    ['a private name', 'http://backend/hook', 'not a public host name or address'],
    ['credentials', 'https://user:hunter2@hooks.example.org/', 'URLs with credentials are not accepted'],
    ['another port', 'https://hooks.example.org:8443/', 'port is not 80 or 443'],
  ])('keeps the API from starting with %s, and says why', (_what, url, reason) => {
    const problems = problemsOf(() => withUrl(url));

    expect(problems).toEqual([expect.stringMatching(/^WEBHOOK_URL: /)]);
    expect(problems[0]).toContain(reason);
    expect(problems[0]).not.toContain('hunter2');
  });

  it.each([
    ['a public name', 'https://hooks.example.org/done', {}],
    ['a private host that is allowed', 'http://backend:9000/done', { ALLOWED_PRIVATE_HOSTS: 'backend' }],
    ['a port that is allowed', 'https://hooks.example.org:8443/', { ALLOWED_PORTS: '8443' }],
    [
      'a host that no image may come from',
      'https://hooks.example.org/',
      { ALLOWED_IMAGE_HOSTS: 'a.example.org' },
    ],
  ])('may have %s', (_what, url, more) => {
    expect(withUrl(url, more).config.WEBHOOK_URL).toBe(url);
  });

  it('keeps the API from starting without WEBHOOK_SECRETS, and names both', () => {
    const problems = problemsOf(() => loadApiConfig({ WEBHOOK_URL: 'https://hooks.example.org/done' }));

    expect(problems).toEqual(['WEBHOOK_URL: needs WEBHOOK_SECRETS, because every webhook is signed']);
  });

  it('is judged once the lists are right', () => {
    const problems = problemsOf(() => withUrl('http://10.0.0.5/', { ALLOWED_PRIVATE_HOSTS: '10.0.0.0/99' }));

    expect(problems).toEqual([expect.stringMatching(/^ALLOWED_PRIVATE_HOSTS: /)]);
  });
});

describe('UPLOAD_MEMORY_LIMIT', () => {
  const UPLOAD_KEYS = Buffer.alloc(32, 7).toString('base64');
  const sizes = { MAX_IMAGE_BYTES: '2000000', UPLOAD_MEMORY_LIMIT: '9999999' };

  it('keeps the API from starting if the photos of one request may not fit', () => {
    expect(problemsOf(() => loadApiConfig({ UPLOAD_KEYS, ...sizes }))).toEqual([
      'UPLOAD_MEMORY_LIMIT: must be at least 5 times MAX_IMAGE_BYTES, so that every request fits',
    ]);
  });

  it('does not matter to a service that accepts URLs only', () => {
    expect(loadApiConfig(sizes).config.UPLOAD_KEYS).toEqual([]);
  });
});

describe('a refused setting', () => {
  it('never shows a message of the validation library', () => {
    const values = ['x', ' ', '-1', '0x10', '1e400', 'a,b', 'http://', 'ftp://h/', '999999999999999999'];
    const problems = ENVIRONMENT_NAMES.flatMap((name) =>
      values.flatMap((value) => [
        ...problemsOf(() => loadApiConfig({ [name]: value })),
        ...problemsOf(() => loadWorkerConfig({ [name]: value })),
      ]),
    );

    expect(problems.length).toBeGreaterThan(200);
    for (const problem of problems)
      expect(problem).not.toMatch(/invalid (?:input|option|url)|expected|too big/i);
    expect(problemsOf(() => loadApiConfig({ LOG_LEVEL: 'loud' }))).toEqual([
      'LOG_LEVEL: must be trace, debug, info, warn, error, fatal or silent',
    ]);
  });
});
