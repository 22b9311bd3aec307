import { fromBytes } from '../protocol/bytes.js';
import type { HttpPost } from './http-transport.js';
import type { FetchLike } from './transport.js';

/** Headers of every request. */
export const JSON_HEADERS: Record<string, string> = {
  'content-type': 'application/json',
  accept: 'application/json',
};

/** Posts through `fetch`: on runtimes other than Node, and wherever a `fetch` was handed in or put in place. */
export function createFetchPost(baseUrl: string, fetch: () => FetchLike): HttpPost {
  return async (path, body, signal) => {
    // As text: a test's fetch will want to parse it.
    const init = { method: 'POST', headers: JSON_HEADERS, body: fromBytes(body), signal } as const;
    const response = await untilAborted(signal, fetch()(baseUrl + path, init));
    return {
      status: response.status,
      header: (name) => response.headers.get(name) ?? undefined,
      text: await untilAborted(signal, response.text()),
    };
  };
}

/** A `fetch` that ignores its signal, as test doubles do, must not outlive the deadline. */
function untilAborted<Value>(signal: AbortSignal, work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
