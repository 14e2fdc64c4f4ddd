import type { PhotoSource } from './photos/photo-server.js';

/** What was read from a .env file. */
export interface EnvFile {
  readonly path: string;
  /** Names that it added to the environment. */
  readonly names: readonly string[];
  /** Settings of it that the environment hides, a sentence each. */
  readonly warnings: readonly string[];
}

/** Photos that this command serves, and where. */
export interface ServedPhotos extends Pick<PhotoSource, 'fronts' | 'reference' | 'description'> {
  readonly origin: string;
}

export interface GreetingFacts {
  /** `http://127.0.0.1:8333` */
  readonly origin: string;
  readonly model: string;
  readonly seconds: number;
  readonly envFile: EnvFile | undefined;
  /** Names of the API keys; empty where everybody may call. */
  readonly keyNames: readonly string[];
  /** Only programs of this machine reach the service. */
  readonly onLoopback: boolean;
  /** What is doubtful in the settings, a sentence each. */
  readonly warnings: readonly string[];
  /** Name of each caller → the secret of its webhooks, where this command made them. */
  readonly webhookSecrets: ReadonlyMap<string, string>;
  /** Undefined where the service may not fetch photos from this machine. */
  readonly photos: ServedPhotos | undefined;
}

/** Returns what a person needs once the service answers. Its first line starts with `Ready`: scripts wait for that. */
export function renderGreeting(facts: GreetingFacts): string {
  const { origin, keyNames, photos } = facts;
  const entry = (label: string, text: string): string => `  ${label.padEnd(9)}  ${text}`;
  return [
    '',
    `Ready in ${facts.seconds.toFixed(1)} s with the model pack ${facts.model}. Ctrl-C stops everything.`,
    '',
    entry('Demo page', `${origin}/`),
    entry('Reference', `${origin}/docs`),
    entry('Settings', describeSettings(facts.envFile)),
    entry('API keys', describeKeys(facts)),
    ...[...facts.webhookSecrets].map(([tenant, secret]) =>
      entry('Webhooks', `signed with ${secret}${keyNames.length > 0 ? ` for the key ${tenant}` : ''}`),
    ),
    entry('Photos', photos ? `${photos.origin}/ has ${photos.description}` : PHOTOS_ELSEWHERE),
    ...facts.warnings.map((warning) => entry('Warning', warning)),
    '',
    photos ? 'Paste this for a first answer:' : 'Put in the URLs of your photos:',
    '',
    `  ${renderCurl(facts)}`,
    '',
  ].join('\n');
}

const PHOTOS_ELSEWHERE = 'this machine’s are refused; ALLOWED_PRIVATE_HOSTS lists hosts beyond public ones';

function describeSettings(file: EnvFile | undefined): string {
  if (!file) return 'the environment; there is no .env';
  return `the environment and ${file.path} (${file.names.join(', ') || 'adds nothing'})`;
}

/** Nobody may take an open service for a closed one. */
function describeKeys({ keyNames, onLoopback }: GreetingFacts): string {
  if (keyNames.length > 0) return `callers need one: ${keyNames.join(', ')}`;
  const who = onLoopback ? 'every program of this machine' : 'everybody who reaches this address';
  return `none (API_KEYS is not set): ${who} may call`;
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
