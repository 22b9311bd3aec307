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
    const response = await fetch()(baseUrl + path, init);
    return {
      status: response.status,
      header: (name) => response.headers.get(name) ?? undefined,
      text: await response.text(),
    };
  };
}
