import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UserError } from '../../../src/cli/user-error.js';
import type { EvaluationPlan } from '../plan/evaluation-plan.js';
import type { FileStamp } from './photo-record.js';

/** Missing files named in the message at most. */
const NAMED_FILES = 5;

/**
 * Returns the current state of each photo's file.
 * @throws UserError if one does not exist: a mistake in the list, not a failure to acquire.
 */
export async function readStamps({ root, photos }: EvaluationPlan): Promise<readonly FileStamp[]> {
  const stamps: FileStamp[] = [];
  const missing: string[] = [];
  for (const name of photos) {
    const found = await stat(resolve(root, name)).catch(() => undefined);
    if (found?.isFile()) stamps.push({ bytes: found.size, modifiedMs: Math.floor(found.mtimeMs) });
    else missing.push(name);
  }
  if (missing.length === 0) return stamps;
  const named = missing.slice(0, NAMED_FILES).join(', ');
  throw new UserError(
    `${missing.length} of ${photos.length} photos do not exist in ${root}: ${named}${missing.length > NAMED_FILES ? ', …' : ''}`,
  );
}
