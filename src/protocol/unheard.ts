/** Tells a promise that nobody will look at, and hears what it rejects with: left unheard, that would end the process. */
export function isUnheard(value: unknown): value is Promise<unknown> {
  if (!(value instanceof Promise)) return false;
  value.catch(() => undefined);
  return true;
}
