import { readFile } from 'node:fs/promises';
import { EXIT } from './exit-codes.js';
import { UserError } from './user-error.js';

/** Returns the content of a file that the user named. @throws UserError if it cannot be read. */
export async function readNamedFile(path: string): Promise<Buffer> {
  return readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new UserError(`${path} cannot be read (${cause.code}).`, { cause, exitCode: EXIT.noInput });
  });
}
