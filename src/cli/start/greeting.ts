import type { ServedPhotos } from './photos/photo-server.js';

/** The variables that were read from a .env file. */
export interface EnvFile {
  readonly path: string;
  /** Names that the file added to the environment. */
  readonly names: readonly string[];
  /** Settings of it that the environment hides, a sentence each. */
  readonly warnings: readonly string[];
}

export interface GreetingFacts {
  /** `http://127.0.0.1:8333` */
  readonly origin: string;
  readonly model: string;
  /** Error rates at the default threshold, in sentences. */
  readonly threshold: string;
  readonly seconds: number;
  readonly envFile: EnvFile | undefined;
  /** Names of the API keys. Empty if no key is needed. */
  readonly keyNames: readonly string[];
  /** True if only programs on this machine can reach the service. */
  readonly onLoopback: boolean;
  /** Warnings about doubtful settings. */
  readonly warnings: readonly string[];
  /** Name of each caller → its webhook secret, if this command created them. */
  readonly webhookSecrets: ReadonlyMap<string, string>;
  /** Undefined if the service may not fetch photos from this machine. */
  readonly photos: ServedPhotos | undefined;
}

/** Returns the text shown when the service is ready. Its first line starts with `Ready`; scripts wait for that. */
export function renderGreeting(facts: GreetingFacts): string {
  const { origin, keyNames, photos } = facts;
  const entry = (label: string, text: string): string => `  ${label.padEnd(9)}  ${text}`;
  return [
    '',
    `Ready in ${facts.seconds.toFixed(1)} s with the model pack ${facts.model}. Ctrl-C stops everything.`,
    '',
    entry('Demo page', `${origin}/`),
    entry('API docs', `${origin}/docs`),
    entry('Settings', describeSettings(facts.envFile)),
    entry('API keys', describeKeys(facts)),
    ...[...facts.webhookSecrets].map(([tenant, secret]) =>
      entry('Webhooks', `signed with ${secret}${keyNames.length > 0 ? ` for the key ${tenant}` : ''}`),
    ),
    entry('Threshold', facts.threshold),
    entry('Photos', photos ? `${photos.origin}/ has ${photos.description}` : PHOTOS_ELSEWHERE),
    ...facts.warnings.map((warning) => entry('Warning', warning)),
    '',
    photos ? 'Paste this to get a first answer:' : 'Insert the URLs of your photos:',
    '',
    `  ${renderCurl(facts)}`,
    '',
  ].join('\n');
}

const PHOTOS_ELSEWHERE =
  'those on this machine are refused; to allow private hosts, list them in ALLOWED_PRIVATE_HOSTS';

function describeSettings(file: EnvFile | undefined): string {
  if (!file) return 'from the environment; there is no .env file';
  return `from the environment and ${file.path} (${file.names.join(', ') || 'adds nothing'})`;
}

/** An open service must be obvious. */
function describeKeys({ keyNames, onLoopback }: GreetingFacts): string {
  if (keyNames.length > 0) return `required; accepted: ${keyNames.join(', ')}`;
  const who = onLoopback ? 'every program on this machine' : 'anyone who can reach this address';
  return `none (API_KEYS is not set): ${who} can call the service`;
}

function renderCurl({ origin, keyNames, photos }: GreetingFacts): string {
  const urlOf = (name: string): string =>
    `${photos?.origin ?? 'https://example.com'}/${encodeURIComponent(name)}`;
  const [first, second, third] = photos?.fronts ?? ['front1.jpg', 'front2.jpg', 'front3.jpg'];
  const body = {
    user_id: '42',
    front_image1: urlOf(first),
    front_image2: urlOf(second),
    front_image3: urlOf(third),
    back_image: urlOf(photos?.reference ?? 'back.jpg'),
  };
  const key = keyNames.length > 0 ? " -H 'authorization: Bearer YOUR_KEY'" : '';
  // A quote in the name of a photo would end the shell's string.
  const text = JSON.stringify(body).replaceAll("'", '%27');
  return `curl -sS -w '\\n' ${origin}/compare-faces${key} -H 'content-type: application/json' -d '${text}'`;
}
