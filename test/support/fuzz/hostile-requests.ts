import { readJsonLines } from './jsonl.js';
import { mutateBytes, randomEdits } from './mutate-bytes.js';

/** A request that tries to break the service. */
export interface HostileRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

/** Material for requests. */
export interface HostileMaterial {
  /** URLs of existing photos of four different persons, the reference last. */
  readonly strangers: readonly [string, string, string, string];
  /** URLs of unusable or missing photos. */
  readonly useless: readonly string[];
  readonly apiKey: string;
  readonly adminKey: string;
  /** Ids of jobs that exist or existed; can grow during the run. */
  readonly jobIds: readonly string[];
}

type Random = () => number;

const pick = <T>(random: Random, from: readonly T[]): T => {
  const found = from[Math.floor(random() * from.length)];
  if (found === undefined) throw new Error('there is nothing to pick from');
  return found;
};

const FIELDS = ['user_id', 'front_image1', 'front_image2', 'front_image3', 'back_image'];
const OPTIONS = ['threshold', 'fmr', 'min_matches', 'review_margin', 'evidence', 'receipt', 'callback_url'];
const STRANGE_FIELDS = [
  '__proto__',
  'constructor',
  'toString',
  '',
  'images',
  'user_id\\u0000',
  'THRESHOLD',
  'v',
];

/** JSON texts, mostly invalid everywhere, some valid somewhere. */
const VALUES: readonly string[] = [
  '0 -0 -0.0 1 -1 2 3 4 0.5 0.9 2.5 1.0000001 -1e-300 1e-400 1e400 -1e400 9007199254740991 9007199254740993'.split(
    ' ',
  ),
  'NaN Infinity undefined 0x1 01 .5 1. +1 null true false "" " " "0.5" "NaN" "2" "true" [] [0.9] {} [[]]'.split(
    ' ',
  ),
  [
    '"\\ud800"',
    '"\\u0000"',
    '"\\u202e\\u0007"',
    '"😀"',
    '"__proto__"',
    '".."',
    '"%00"',
    '{"toString":1}',
    '"\\x"',
  ],
  [127, 128, 129, 2_047, 2_048, 2_049, 70_000].map((length) => JSON.stringify('x'.repeat(length))),
  [1, 100, 20_000].map((depth) => '['.repeat(depth) + ']'.repeat(depth)),
  [`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`, '12345678901234567890'.repeat(50), '"unended'],
].flat();

/** Only URLs that are refused by their text, so that no foreign names are resolved. */
const BAD_URLS = readJsonLines<{ url: string; refuse_at: string | null }>('bad-urls.jsonl')
  .filter(({ refuse_at }) => refuse_at === 'url')
  .map(({ url }) => JSON.stringify(url));

const HEADER_VALUES = [
  '',
  ' ',
  '0',
  '-1',
  'x'.repeat(129),
  'x'.repeat(256),
  'x'.repeat(5_000),
  'a,b',
  '"',
  '\xff\xfe',
  '%00',
  ';;==,,',
];
const CONTENT_TYPES = [
  '',
  'text/plain',
  'application/json; charset=utf-7',
  'application/x+json',
  'application/jsonx',
  'multipart/form-data',
];
const PREFERENCES = [
  'respond-async',
  'wait=0',
  'wait=1',
  'wait="1"',
  'wait=-1',
  'wait=1, wait=2',
  'respond-async; wait=1',
];
const PATH_PARTS = [
  '%00',
  '%ff',
  '%',
  '..',
  '%2e%2e',
  '%2f',
  'meta',
  'events',
  'id',
  'x'.repeat(3_000),
  '%F0%9F%98%80',
  '\'"',
  '{face}',
  'constructor',
];
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'];

/** Returns the next request; the same random numbers give the same request. */
export function makeHostileRequest(random: Random, material: HostileMaterial): HostileRequest {
  const kind = random();
  if (kind < 0.75) return comparisonRequest(random, material, mangledBody(random, material));
  if (kind < 0.76) return comparisonRequest(random, material, strangersBody(random, material));
  return pathRequest(random, material);
}

function comparisonRequest(random: Random, material: HostileMaterial, body: Buffer): HostileRequest {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    ...authorization(random, material),
  };
  if (random() < 0.05) headers['content-type'] = pick(random, CONTENT_TYPES);
  if (random() < 0.2)
    headers['idempotency-key'] =
      random() < 0.3 ? pick(random, HEADER_VALUES) : `k${Math.floor(random() * 500)}`;
  if (random() < 0.2)
    headers.prefer = random() < 0.3 ? pick(random, HEADER_VALUES) : pick(random, PREFERENCES);
  for (const name of ['x-request-id', 'traceparent', 'accept', 'x-forwarded-for', 'if-none-match'])
    if (random() < 0.05) headers[name] = pick(random, HEADER_VALUES);
  return { method: 'POST', path: random() < 0.5 ? '/compare-faces' : '/jobs', headers, body };
}

/** Returns a body with unusable photos in which anything can be wrong. */
function mangledBody(random: Random, { useless }: HostileMaterial): Buffer {
  const entries = FIELDS.map((name): [string, string] => [
    name,
    name === 'user_id' ? `"fuzz-${Math.floor(random() * 100)}"` : JSON.stringify(pick(random, useless)),
  ]);
  const edits = Math.floor(random() ** 2 * 4);
  for (let edit = 0; edit < edits; edit += 1) {
    const value = pick(random, random() < 0.3 ? BAD_URLS : VALUES);
    const what = random();
    if (what < 0.4) entries[Math.floor(random() * entries.length)] = [pick(random, FIELDS), value];
    else if (what < 0.8) entries.push([pick(random, OPTIONS), value]);
    else if (what < 0.9) entries.push([pick(random, STRANGE_FIELDS), value]);
    else entries.splice(Math.floor(random() * entries.length), 1);
  }
  const text = `{${entries.map(([name, value]) => `"${name}":${value}`).join(',')}}`;
  const whole = random() < 0.05 ? pick(random, VALUES) : random() < 0.03 ? `[${text}]` : text;
  const bytes = Buffer.from(whole);
  return random() < 0.3 ? mutateBytes(bytes, randomEdits(random, bytes.length)) : bytes;
}

/** Returns a valid body that compares four strangers at a threshold that they cannot reach. */
function strangersBody(random: Random, { strangers }: HostileMaterial): Buffer {
  const [front_image1, front_image2, front_image3, back_image] = strangers;
  const options =
    random() < 0.5 ? { threshold: 0.5 + random() / 2, min_matches: random() < 0.5 ? 2 : 3 } : {};
  const body = {
    user_id: `fuzz-${Math.floor(random() * 100)}`,
    front_image1,
    front_image2,
    front_image3,
    back_image,
  };
  return Buffer.from(JSON.stringify({ ...body, ...options, evidence: random() < 0.5 }));
}

function pathRequest(random: Random, material: HostileMaterial): HostileRequest {
  const known = material.jobIds.length > 0 && random() < 0.5;
  const part = known ? pick(random, material.jobIds) : pick(random, PATH_PARTS);
  const admin = random() < 0.5 ? { 'x-api-key': material.adminKey } : {};
  const headers = {
    ...authorization(random, material),
    ...(random() < 0.3 ? { prefer: pick(random, PREFERENCES) } : {}),
  };
  const choices: readonly (() => HostileRequest)[] = [
    () => ({ method: 'GET', path: `/jobs/${part}`, headers }),
    () => ({ method: 'DELETE', path: `/jobs/${part}`, headers }),
    () => ({
      method: 'DELETE',
      path: `/users/${known ? `fuzz-${Math.floor(random() * 100)}` : part}/jobs`,
      headers,
    }),
    () => ({ method: 'POST', path: `/webhooks/${part}/retry`, headers: admin }),
    () => ({
      method: 'GET',
      path: `/webhooks/failed?limit=${part}&cursor=${pick(random, PATH_PARTS)}`,
      headers: admin,
    }),
    () => ({ method: pick(random, METHODS), path: `/${pick(random, PATH_PARTS)}/${part}`, headers }),
    () => ({
      method: pick(random, METHODS),
      path: `/${pick(random, ['', 'docs', 'models', 'metrics', 'health/ready', 'openapi.json'])}?${part}`,
      headers,
    }),
  ];
  return pick(random, choices)();
}

function authorization(random: Random, { apiKey }: HostileMaterial): Record<string, string> {
  if (random() < 0.95) return { authorization: `Bearer ${apiKey}` };
  return random() < 0.5 ? {} : { authorization: pick(random, HEADER_VALUES) };
}
