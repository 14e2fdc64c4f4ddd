import { SetupError } from './setup-error.mjs';
import { watchParent } from './watch-parent.mjs';

/** What the system says of a file that it does not give, and what that means to the person at the keyboard. */
const REFUSALS = {
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
};

/**
 * Runs the body of a script, until npm has ended: an error that a person can fix ends it with a message alone, anything else
 * with its stack. `body` is given what `watchParent` returns.
 */
export async function runScript(body) {
  try {
    await body(watchParent());
  } catch (error) {
    console.error(messageOf(error) ?? error);
    process.exit(1);
  }
}

function messageOf(error) {
  if (error instanceof SetupError) return `\n${error.message}`;
  const reason = REFUSALS[error?.code];
  return reason && error.path ? `\nCannot read or write ${error.path}: ${reason}.` : undefined;
}
