/**
 * Resolves with the result of `work`, or with that of `onTimeout` once `timeoutMs` have passed; an error that `onTimeout`
 * throws rejects. `work` itself continues, and nothing reads its result any more.
 */
export async function withTimeLimit<T, Late>(
  work: Promise<T>,
  timeoutMs: number,
  onTimeout: () => Late,
): Promise<T | Late> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  try {
    return await Promise.race([work, timeout.then(onTimeout)]);
  } finally {
    clearTimeout(timer);
  }
}
