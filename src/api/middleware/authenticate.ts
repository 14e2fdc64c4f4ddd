import type { MiddlewareHandler } from 'hono';
import { ANONYMOUS, type ApiKey, findApiKey } from '../../shared/api-keys.js';
import { VerificationError } from '../../shared/errors.js';
import type { AppContext } from '../app-context.js';

/**
 * Lets in callers with one of `keys`, given as `Authorization: Bearer` or `X-API-Key`, and names them.
 * Without keys everybody is `anonymous`.
 * @throws VerificationError `unauthenticated`.
 */
export function authenticate(keys: readonly ApiKey[]): MiddlewareHandler<AppContext> {
  return async (context, next) => {
    if (keys.length === 0) context.set('tenant', ANONYMOUS);
    else
      context.set(
        'tenant',
        requireKey(keys, context.req.header('authorization'), context.req.header('x-api-key')).name,
      );
    await next();
  };
}

/** As `authenticate`, for the routes of operators: without keys nobody is let in. */
export function authenticateAdmin(keys: readonly ApiKey[]): MiddlewareHandler<AppContext> {
  return async (context, next) => {
    const admin = requireKey(keys, context.req.header('authorization'), context.req.header('x-api-key'));
    context.set('tenant', `admin:${admin.name}`);
    await next();
  };
}

function requireKey(
  keys: readonly ApiKey[],
  authorization: string | undefined,
  apiKey: string | undefined,
): ApiKey {
  const secret = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? apiKey;
  const key = secret === undefined ? undefined : findApiKey(keys, secret);
  if (!key) throw new VerificationError('unauthenticated');
  return key;
}
