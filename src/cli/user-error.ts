/** A problem that the user must fix. The message explains it, so no stack is shown. */
export class UserError extends Error {
  override readonly name = 'UserError';
}
