/**
 * What `work` resolves to, unless the signal aborts first; the work goes on then, and nobody hears how it ends.
 * @throws what `work` throws, or the signal's reason
 */
export function inTime<Result>(work: Result | PromiseLike<Result>, signal: AbortSignal): Promise<Result> {
  const late = new Promise<never>((_, reject) => {
    const giveUp = (): void => reject(signal.reason);
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp);
  });
  return Promise.race([work, late]);
}
