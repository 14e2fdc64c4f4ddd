/** An evaluation cannot be made; the message tells a person what is wrong with what was given. Its stack is no use to anyone. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError';
}
