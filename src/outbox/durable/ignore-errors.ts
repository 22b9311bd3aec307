interface Emitter {
  on?(event: 'error', listener: () => void): unknown;
}

const ignoring = new WeakSet<object>();

/**
 * Keeps the errors that a client emits from ending the process, once for each client. The failing call reports the error.
 *
 * @returns whether this is the first call for the client
 */
export function ignoreErrors(client: object): boolean {
  if (ignoring.has(client)) return false;
  ignoring.add(client);
  (client as Emitter).on?.('error', () => undefined);
  return true;
}
