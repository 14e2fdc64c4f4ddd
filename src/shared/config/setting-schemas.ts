import { isIP, isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { parseHostHeaders } from '../net/host-headers.js';
import { parseReceiptKeys, type ReceiptKey } from '../receipts/receipt-keys.js';
import { parseRedisUrl } from '../redis/redis-url.js';
import { type ApiKey, parseApiKeys } from './api-keys.js';

/** True or false, in several spellings. */
export const flag = z.stringbool({ truthy: ['true', '1', 'yes', 'on'], falsy: ['false', '0', 'no', 'off'] });
/** A list separated by commas, with at least one entry: an empty list is probably a mistake. */
export const list = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  )
  .refine((entries) => entries.length > 0, 'is set but has no entries; unset it to get its default');
/** One of these words. */
export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) => z.enum(values);
/** A list of these words. */
export const listOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  list.pipe(z.array(z.enum(values)));
/** A list in which `findProblem` finds no problem; its errors are the problems found. */
export const checkedList = (findProblem: (entry: string) => string | undefined) =>
  list.superRefine((entries, context) => {
    for (const entry of entries) {
      const problem = findProblem(entry);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    }
  });
/** Keys as `name:key`, hashed, at least one. Errors quote no key. */
export const keyList = z.string().transform((text, context): readonly ApiKey[] => {
  const { keys, problems } = parseApiKeys(text);
  const none =
    keys.length + problems.length === 0 ? ['is set but has no key; unset it to get its default'] : [];
  for (const message of [...problems, ...none]) context.addIssue({ code: 'custom', message });
  return keys;
});
/** Headers by host, as JSON. Errors quote no value. */
export const hostHeaders = z.string().transform((text, context) => {
  const { headers, problems } = parseHostHeaders(text);
  for (const message of problems) context.addIssue({ code: 'custom', message });
  return headers;
});
/** Keys that sign and verify receipts. Errors quote no key. */
export const receiptKeyList = z.string().transform((text, context): readonly ReceiptKey[] => {
  const { keys, problems } = parseReceiptKeys(text);
  for (const message of problems) context.addIssue({ code: 'custom', message });
  return keys;
});
/** Origins of web pages and apps. */
export const originList = checkedList(findOriginProblem);
/** An absolute http or https URL. */
export const httpUrl = z.url({ protocol: /^https?$/ });
/** URLs of three probes and their reference, and possibly of a photo of someone else. */
export const samplePhotos = list
  .pipe(z.array(httpUrl))
  .refine(({ length }) => length === 4 || length === 5, 'must be four or five URLs of photos');
/** The URL of Redis, parsed. Its errors do not quote it. */
export const redisUrl = z.string().transform((url, context) => {
  try {
    return parseRedisUrl(url);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
    return z.NEVER;
  }
});

/** Address of a name server, with or without its port. */
export const nameServer = z
  .string()
  .refine(isNameServer, 'must be an address like 10.0.0.53, 10.0.0.53:5353 or [fd00::53]:53');

function isNameServer(entry: string): boolean {
  if (isIP(entry) !== 0) return true;
  const [, six, four, port] = /^(?:\[(.+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(entry) ?? [];
  return (isIPv6(six ?? '') || isIPv4(four ?? '')) && Number(port ?? 53) <= 65_535;
}

/** Describes the problem of an entry of CORS_ORIGINS, if any. Browsers send neither a path nor a final slash. */
function findOriginProblem(entry: string): string | undefined {
  const isWeb = /^https?:/i.test(entry);
  const matches = isWeb
    ? URL.canParse(entry) && new URL(entry).origin === entry
    : /^[a-z][a-z0-9+.-]*:\/\/[^/\s?#@*]+$/.test(entry);
  return matches
    ? undefined
    : `"${entry}" never equals an origin that browsers send, like https://app.example`;
}
