import type { ClientOptions } from './clients.js';

export interface CallOptions {
  readonly options: ClientOptions;
  /** An answer that takes longer is a violation, ms. */
  readonly limitMs: number;
  readonly init: RequestInit;
}

export interface CallAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Makes one HTTP call to a replica; returns its answer, or the reason for no answer. */
export async function call(
  replica: number,
  path: string,
  { options, limitMs, init }: CallOptions,
): Promise<CallAnswer | 'hung' | 'cut off' | 'nobody there'> {
  const origin = options.origins[replica % options.origins.length];
  try {
    const response = await fetch(`${origin}${path}`, {
      ...init,
      headers: { 'content-type': 'application/json', ...(init.headers as Record<string, string>) },
      signal: AbortSignal.timeout(limitMs),
    });
    return { status: response.status, body: (await response.json()) as CallAnswer['body'] };
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError') {
      options.tally.verdicts.hung += 1;
      console.error('HUNG', path, limitMs);
      return 'hung';
    }
    const { cause } = error as { readonly cause?: { readonly code?: string } };
    return cause?.code === 'ECONNREFUSED' ? 'nobody there' : 'cut off';
  }
}
