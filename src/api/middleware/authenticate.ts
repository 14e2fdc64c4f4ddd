import type { Context, MiddlewareHandler } from 'hono';
import { ANONYMOUS } from '../../shared/config/api-keys.js';
import { VerificationError } from '../../shared/errors.js';
import type { Access } from '../access/access.js';
import type { AppContext } from '../http/app-context.js';

/** Returns the access that holds now. */
export type ReadAccess = () => Access;

/**
 * Requires the key of a caller, sent as `Authorization: Bearer` or `X-API-Key`, and sets the tenant to its name and the
 * rules that hold for the whole request. Where callers need no key, everybody is the tenant `anonymous`.
 * @throws VerificationError `unauthenticated` for a missing, unknown or expired key, `forbidden` for an operator's.
 */
export function authenticate(readAccess: ReadAccess): MiddlewareHandler<AppContext> {
  return async (context, next) => {
    const access = readAccess();
    const name = access.isOpen ? ANONYMOUS : requireKey(context, access.findCaller, access.findOperator);
    context.set('tenant', name);
    context.set('rules', access.rulesOf(name));
    await next();
  };
}

/**
 * Like `authenticate`, and accepts the key of an operator, who gets the rules for callers without their own.
 * @throws VerificationError `unauthenticated` for a missing, unknown or expired key.
 */
export function authenticateAny(readAccess: ReadAccess): MiddlewareHandler<AppContext> {
  return async (context, next) => {
    const access = readAccess();
    const secret = secretOf(context);
    const operator = secret === undefined ? undefined : access.findOperator(secret);
    const caller = (): string =>
      access.isOpen ? ANONYMOUS : requireKey(context, access.findCaller, () => undefined);
    const name = operator === undefined ? caller() : operatorName(operator);
    context.set('isOperator', operator !== undefined);
    context.set('tenant', name);
    context.set('rules', access.rulesOf(name));
    await next();
  };
}

/**
 * Like `authenticate`, for operators: without their keys every request is refused.
 * @throws VerificationError `unauthenticated` for a missing or unknown key, `forbidden` for a caller's.
 */
export function authenticateAdmin(readAccess: ReadAccess): MiddlewareHandler<AppContext> {
  return async (context, next) => {
    const { findOperator, findCaller } = readAccess();
    context.set('tenant', operatorName(requireKey(context, findOperator, findCaller)));
    await next();
  };
}

/**
 * Like `authenticateAdmin`, for pages: a browser asks for the key and sends it as the password of `Basic`, with any name.
 * @throws VerificationError `unauthenticated`, with a challenge that makes the browser ask.
 */
export function authenticateBrowser(readAccess: ReadAccess): MiddlewareHandler<AppContext> {
  return async (context, next) => {
    const { findOperator } = readAccess();
    const secret = passwordOf(context.req.header('authorization'));
    const name = secret === undefined ? undefined : findOperator(secret);
    if (name === undefined) context.set('challenge', 'Basic realm="Operators", charset="UTF-8"');
    context.set('tenant', operatorName(name ?? requireKey(context, findOperator, () => undefined)));
    await next();
  };
}

/** The name of an operator among those of tenants. */
function operatorName(name: string): string {
  return `admin:${name}`;
}

/** Returns what follows the first colon of the decoded credentials (RFC 7617). */
function passwordOf(authorization: string | undefined): string | undefined {
  const credentials = /^Basic +([\w+/]+=*)$/i.exec(authorization ?? '')?.[1];
  if (credentials === undefined) return undefined;
  const text = Buffer.from(credentials, 'base64').toString();
  return text.slice(text.indexOf(':') + 1);
}

type FindName = (secret: string) => string | undefined;

/** Returns the name of the key's holder. `findOther`: knows the keys of the other kind, which are not accepted here. */
function requireKey(context: Context<AppContext>, find: FindName, findOther: FindName): string {
  const secret = secretOf(context);
  const name = secret === undefined ? undefined : find(secret);
  if (name !== undefined) return name;
  const isKnown = secret !== undefined && findOther(secret) !== undefined;
  throw new VerificationError(isKnown ? 'forbidden' : 'unauthenticated');
}

/** Returns the key that a request carries. */
function secretOf({ req }: Context<AppContext>): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(req.header('authorization') ?? '')?.[1];
  return bearer ?? req.header('x-api-key');
}
