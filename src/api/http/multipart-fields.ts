import { compareRequestSchema, isImageName } from '../../shared/contract/compare-request.js';
import { parseJson } from './parse-json.js';
import { RequestError } from './request-error.js';

/** The part with the other fields as JSON. */
export const REQUEST_PART = 'request';

/** The text of a JSON number or boolean. */
const SCALAR = /^(?:true|false|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

/**
 * Returns what the text parts of a form say, as the JSON body that would say it: the fields of the part `request`, and
 * each other part as a field. A part whose field accepts no text is read as a JSON number or boolean.
 * @throws VerificationError `invalid_json`; RequestError `invalid_request`.
 */
export function bodyOf(texts: ReadonlyMap<string, Buffer>): unknown {
  const request = texts.get(REQUEST_PART);
  const fields = [...texts].filter(([name]) => name !== REQUEST_PART);
  return withFields(
    request ? parseJson(request) : {},
    fields.map(([name, bytes]) => [name, readField(name, textOf(name, bytes))]),
  );
}

/**
 * Returns a copy of a body with more fields; a body that is no object as it is.
 * @throws RequestError `invalid_request` if it has one of them already.
 */
export function withFields(body: unknown, fields: readonly (readonly [string, unknown])[]): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const twice = fields.map(([name]) => name).filter((name) => Object.hasOwn(body, name));
  if (twice.length > 0)
    throw new RequestError(
      twice.map((field) => ({ field, code: 'invalid_request', detail: 'is there twice' }) as const),
    );
  // Not a spread: a field may be called __proto__.
  return Object.fromEntries([...Object.entries(body), ...fields]);
}

function readField(name: string, text: string): unknown {
  const schema = Object.entries(compareRequestSchema.shape).find(([field]) => field === name)?.[1];
  const isText = !schema || isImageName(name) || schema.safeParse(text).success;
  return !isText && SCALAR.test(text) ? JSON.parse(text) : text;
}

/** @throws RequestError `invalid_request` if the part is not UTF-8. */
function textOf(field: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new RequestError([{ field, code: 'invalid_request', detail: 'is not UTF-8' }]);
  }
}
