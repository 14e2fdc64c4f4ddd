import { ConfigError } from '../shared/config/config.js';

/** A problem that the user must fix. The message explains it, so no stack is shown. */
export class UserError extends Error {
  override readonly name = 'UserError';
  /** Exit status of `face-verify`, if not that of a wrong command line. */
  readonly exitCode: number | undefined;

  constructor(message: string, options: ErrorOptions & { readonly exitCode?: number } = {}) {
    super(message, options);
    this.exitCode = options.exitCode;
  }
}

/** Prints a problem that the user must fix, and sets the exit status to 1. @throws any other error. */
export function reportUserError(error: unknown): void {
  if (!(error instanceof UserError || error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
