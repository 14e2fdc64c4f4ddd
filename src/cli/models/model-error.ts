/** A pack cannot be had or used; the message tells a person what happened and what to do. Holds no stack worth showing. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
}
