/**
 * Rejects with its reason when the signal is aborted, for a race with something that cannot be aborted, such as a name
 * being resolved. Nobody has to catch it.
 */
export function aborted(signal: AbortSignal): Promise<never> {
  const gone = new Promise<never>((_resolve, reject) => {
    const fail = (): void => reject(signal.reason as Error);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
  gone.catch(() => {});
  return gone;
}
