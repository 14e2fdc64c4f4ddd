/** A pack is unavailable or unusable. The message tells the user what happened and what to do, so no stack is shown. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
}
