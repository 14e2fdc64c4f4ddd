import type { Context, MiddlewareHandler } from 'hono';
import { ANONYMOUS, type ApiKey, findApiKey } from '../../shared/config/api-keys.js';
import { VerificationError } from '../../shared/errors.js';
import type { AppContext } from '../http/app-context.js';

export interface KeyRing {
  /** Keys that the operation accepts. */
  readonly accepted: readonly ApiKey[];
  /** Keys of the other kind: known, but not accepted here. */
  readonly others: readonly ApiKey[];
}

/**
 * Requires one of the accepted keys, sent as `Authorization: Bearer` or `X-API-Key`, and sets the tenant to its name.
 * Without accepted keys every caller is the tenant `anonymous`.
 * @throws VerificationError `unauthenticated` for a missing or unknown key, `forbidden` for an operator's.
 */
export function authenticate({ accepted, others }: KeyRing): MiddlewareHandler<AppContext> {
  return async (context, next) => {
    context.set('tenant', accepted.length === 0 ? ANONYMOUS : requireKey(context, { accepted, others }).name);
    await next();
  };
}

/**
 * Like `authenticate`, for operators: without accepted keys every request is refused.
 * @throws VerificationError `unauthenticated` for a missing or unknown key, `forbidden` for a caller's.
 */
export function authenticateAdmin(ring: KeyRing): MiddlewareHandler<AppContext> {
  return async (context, next) => {
    context.set('tenant', `admin:${requireKey(context, ring).name}`);
    await next();
  };
}

/**
 * Like `authenticateAdmin`, for pages: a browser asks for the key and sends it as the password of `Basic`, with any name.
 * @throws VerificationError `unauthenticated`, with a challenge that makes the browser ask.
 */
export function authenticateBrowser(accepted: readonly ApiKey[]): MiddlewareHandler<AppContext> {
  return async (context, next) => {
    const secret = passwordOf(context.req.header('authorization'));
    const key = secret === undefined ? undefined : findApiKey(accepted, secret);
    if (!key) context.set('challenge', 'Basic realm="Operators", charset="UTF-8"');
    context.set('tenant', `admin:${(key ?? requireKey(context, { accepted, others: [] })).name}`);
    await next();
  };
}

/** Returns what follows the first colon of the decoded credentials (RFC 7617). */
function passwordOf(authorization: string | undefined): string | undefined {
  const credentials = /^Basic +([\w+/]+=*)$/i.exec(authorization ?? '')?.[1];
  if (credentials === undefined) return undefined;
  const text = Buffer.from(credentials, 'base64').toString();
  return text.slice(text.indexOf(':') + 1);
}

function requireKey({ req }: Context<AppContext>, { accepted, others }: KeyRing): ApiKey {
  const bearer = /^Bearer +(\S+)$/i.exec(req.header('authorization') ?? '')?.[1];
  const secret = bearer ?? req.header('x-api-key');
  const key = secret === undefined ? undefined : findApiKey(accepted, secret);
  if (key) return key;
  const isKnown = secret !== undefined && findApiKey(others, secret) !== undefined;
  throw new VerificationError(isKnown ? 'forbidden' : 'unauthenticated');
}
