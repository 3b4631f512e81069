/** Runs an embedder's function; rejects when it takes longer than `timeoutMs`, and tells it so by the signal. */
export async function withDeadline(
  timeoutMs: number,
  name: string,
  run: (signal: AbortSignal) => void | Promise<void>,
): Promise<void> {
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const error = new Error(`${name} took longer than ${timeoutMs} ms`);
      over.abort(error);
      reject(error);
    }, timeoutMs);
  });
  try {
    await Promise.race([run(over.signal), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
