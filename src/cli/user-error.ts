import { ConfigError } from '../shared/config/config.js';

/** A problem that the user must fix. The message explains it, so no stack is shown. */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** Prints a problem that the user must fix, and sets the exit status to 1. @throws any other error. */
export function reportUserError(error: unknown): void {
  if (!(error instanceof UserError || error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
