/** The service cannot start for a reason that a person can fix; the message says how. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
