/** Something that the person at the keyboard has to mend; its message says what, so that no stack need be shown. */
export class UserError extends Error {
  override readonly name = 'UserError';
}
