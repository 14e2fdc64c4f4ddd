import type { z } from 'zod';
import { refSchema } from '../../shared/contract/batch-view.js';
import {
  type CompareRequest,
  compareRequestSchema,
  IMAGE_NAMES,
  type ImageName,
  isImageName,
} from '../../shared/contract/compare-request.js';
import type { ProblemItem } from '../../shared/contract/problem.js';
import { explainIssue, IS_MISSING } from '../../shared/explain-issue.js';
import { findUnknownFields } from './find-unknown-fields.js';
import { bodyOf, withFields } from './multipart-fields.js';
import { parseJson } from './parse-json.js';
import { RequestError } from './request-error.js';

/** A body as it was received. */
export type SentBody =
  /** `mayHaveRef`: a request of a batch, which can have a field that others do not have. */
  | { readonly kind: 'json'; readonly pieces: readonly Uint8Array[]; readonly mayHaveRef: boolean }
  /** `files`: the photos that are files, which the caller keeps. */
  | {
      readonly kind: 'form';
      readonly texts: ReadonlyMap<string, readonly Uint8Array[]>;
      readonly files: readonly ImageName[];
    };

/** What a body says. The photos that are files have a URL that does not exist. */
export interface ParsedRequest {
  readonly body: CompareRequest;
  /** Fields that are ignored, because the contract does not know them. */
  readonly unknownFields: readonly string[];
  readonly ref?: string | undefined;
}

/**
 * Parses and checks a body. Takes about 10 ms a megabyte.
 * @throws VerificationError `invalid_json`; RequestError that names every wrong field. `maxInlineBytes`: of a data: URL.
 */
export function parseRequest(sent: SentBody, maxInlineBytes: number): ParsedRequest {
  if (sent.kind === 'form') return parseBody(fieldsOf(sent), maxInlineBytes);
  const value = parseJson(Buffer.concat(sent.pieces));
  const { ref, rest } = sent.mayHaveRef ? takeRef(value) : { rest: value };
  return { ...parseBody(rest, maxInlineBytes), ref };
}

/** Takes the place of the URL of a photo that is a file. */
const FILE = 'https://file.invalid/';

function fieldsOf({ texts, files }: Extract<SentBody, { kind: 'form' }>): unknown {
  const body = bodyOf(new Map([...texts].map(([name, pieces]) => [name, Buffer.concat(pieces)])));
  return files.length === 0
    ? body
    : withFields(
        body,
        files.map((name) => [name, FILE]),
      );
}

/** Takes the only field that `POST /jobs` does not have off a request. @throws RequestError for a wrong one. */
function takeRef(sent: unknown): { readonly ref?: string | undefined; readonly rest: unknown } {
  if (typeof sent !== 'object' || sent === null || !Object.hasOwn(sent, 'ref')) return { rest: sent };
  const { ref, ...rest } = sent as { readonly ref: unknown };
  const parsed = refSchema.safeParse(ref, { error: explainIssue });
  if (parsed.success && parsed.data !== undefined) return { ref: parsed.data, rest };
  const detail = parsed.error?.issues[0]?.message ?? 'must be text';
  throw new RequestError([{ field: 'ref', code: 'invalid_request', detail }]);
}

/** @throws RequestError that names every wrong field. */
function parseBody(sent: unknown, maxInlineBytes: number): ParsedRequest {
  const parsed = compareRequestSchema.safeParse(sent, { error: explainIssue });
  const { misspelt, meant, ignored } = findUnknownFields(sent);
  if (parsed.success && misspelt.length === 0) {
    refuseLargeDataUrls(parsed.data, maxInlineBytes);
    return { body: parsed.data, unknownFields: ignored };
  }
  // A field that is there under another name is not missing.
  const issues = (parsed.error?.issues ?? []).filter(
    ({ path, message }) => message !== IS_MISSING || !meant.has(path.join('.')),
  );
  throw new RequestError([...misspelt, ...issues.map(toProblemItem)]);
}

/** @throws RequestError `body_too_large` that names every data: URL with too large a photo. */
function refuseLargeDataUrls(body: CompareRequest, maxInlineBytes: number): void {
  const items = IMAGE_NAMES.flatMap((name) => {
    const source = body[name];
    if (source.kind === 'url' || source.size <= maxInlineBytes) return [];
    const detail = `a data: URL can carry at most ${maxInlineBytes} bytes; send this photo as a part of multipart/form-data`;
    return [{ field: name, image: name, code: 'body_too_large', detail } as const];
  });
  if (items.length > 0) throw new RequestError(items);
}

function toProblemItem({ path, message }: z.core.$ZodIssue): ProblemItem {
  const field = path.join('.');
  if (!field) return { code: 'invalid_request', detail: `The body ${message}.` };
  return { field, ...(isImageName(field) ? { image: field } : {}), code: 'invalid_request', detail: message };
}
