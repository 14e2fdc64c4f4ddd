export interface GreetingFacts {
  /** `http://127.0.0.1:8333` */
  readonly origin: string;
  readonly model: string;
  readonly seconds: number;
  /** Name of each caller → the secret of its webhooks, where they were made for this run. */
  readonly webhookSecrets: ReadonlyMap<string, string>;
  /** Callers must name an API key. */
  readonly needsKey: boolean;
  /** Photos of this machine may be fetched. */
  readonly allowsLoopback: boolean;
}

/** Returns what a person needs once the service answers. Its first line starts with `Ready`: scripts wait for that. */
export function renderGreeting(facts: GreetingFacts): string {
  const photos = facts.allowsLoopback ? 'http://127.0.0.1:8000' : 'https://example.com';
  const body = {
    user_id: '42',
    front_image1: `${photos}/front1.jpg`,
    front_image2: `${photos}/front2.jpg`,
    front_image3: `${photos}/front3.jpg`,
    back_image: `${photos}/back.jpg`,
    evidence: true,
  };
  const key = facts.needsKey ? " -H 'authorization: Bearer YOUR_KEY'" : '';
  const secrets = [...facts.webhookSecrets].map(
    ([tenant, secret]) =>
      `  Webhooks   signed in this run with ${secret}${facts.needsKey ? ` for the key ${tenant}` : ''}`,
  );
  const local = facts.allowsLoopback
    ? 'photos of this machine: python3 -m http.server 8000 --bind 127.0.0.1, in their folder'
    : 'photos of this machine are refused; to try with them: ALLOWED_PRIVATE_HOSTS=127.0.0.1 npm start';
  return [
    '',
    `Ready in ${facts.seconds.toFixed(1)} s with the model pack ${facts.model}. Ctrl-C stops everything.`,
    '',
    `  Demo page  ${facts.origin}/`,
    `  Reference  ${facts.origin}/docs`,
    ...secrets,
    `  Note       ${local}`,
    '',
    `  curl -sS ${facts.origin}/compare-faces${key} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`,
    '',
  ].join('\n');
}
