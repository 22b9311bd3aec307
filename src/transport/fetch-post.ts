import { fromBytes } from '../protocol/bytes.js';
import type { HttpPost } from './http-transport.js';
import type { FetchInit, FetchLike, FetchResponse } from './transport.js';

/** Headers of every request. */
export const JSON_HEADERS: Record<string, string> = {
  'content-type': 'application/json',
  accept: 'application/json',
};

/** No answer of the service comes near this length. */
export const MAX_ANSWER_BYTES: number = 4 * 1024 * 1024;

/**
 * Posts through `fetch`: on runtimes other than Node, and wherever a `fetch` was passed in or put in place.
 * `more` is what else the platform's `fetch` needs to be told. `User-Agent` is not for every `fetch` to set, so only `headers` has it.
 */
export function createFetchPost(
  baseUrl: string,
  fetch: () => FetchLike,
  more?: () => object,
  headers: Record<string, string> = JSON_HEADERS,
): HttpPost {
  return async (path, body, signal) => {
    // As a string: a test's fetch will want to parse it.
    const init: FetchInit = {
      method: 'POST',
      headers,
      body: fromBytes(body),
      redirect: 'manual',
      signal,
    };
    const response = await fetch()(baseUrl + path, { ...init, ...more?.() });
    return {
      status: response.redirected ? 0 : response.status,
      header: (name) => response.headers.get(name) ?? undefined,
      text: await readText(response),
    };
  };
}

/** The body as a string; an empty one if it is too long. */
async function readText(response: FetchResponse): Promise<string> {
  const body = response.body as ReadableStream<Uint8Array> | null | undefined;
  if (typeof body?.getReader !== 'function') {
    const text = await response.text();
    return text.length > MAX_ANSWER_BYTES ? '' : text;
  }
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.length;
    if (size > MAX_ANSWER_BYTES) {
      reader.cancel().catch(() => undefined);
      return '';
    }
    text += decoder.decode(value, { stream: true });
  }
}
