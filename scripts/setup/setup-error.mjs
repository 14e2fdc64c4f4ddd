/** A problem that the user has to fix; its message says how, so no stack is shown. */
export class SetupError extends Error {
  name = 'SetupError';
}

/** A signal asked to end while something was being set up. */
export class Interrupted extends SetupError {
  name = 'Interrupted';
}
