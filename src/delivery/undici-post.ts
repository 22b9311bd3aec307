import type { Dispatcher } from 'undici';
import { JSON_HEADERS } from './fetch-post.js';
import type { HttpPost } from './http-transport.js';
import { unrefConnect } from './unref-connect.js';
import type { HttpAnswer } from './verdict.js';

export interface UndiciPostOptions {
  readonly baseUrl: string;
  /** Sockets to the service; one sender never needs more than one. */
  readonly connections: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

// Below the usual 5 s of servers and load balancers, so that it is us who close an idle socket.
const IDLE_SOCKET_MS = 4_000;

/** An answer longer than this is not the service's. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/**
 * Posts straight through an undici dispatcher: about two thirds of the CPU time of `fetch` (bench/README.md). undici is
 * imported with the first request, because importing it costs a cold start tens of milliseconds.
 */
export function createUndiciPost({ baseUrl, connections, env }: UndiciPostOptions): HttpPost {
  const { origin, pathname } = new URL(baseUrl);
  const prefix = pathname === '/' ? '' : pathname;
  let dispatcher: Promise<Dispatcher> | undefined;

  const post: HttpPost = async (path, body, signal) => {
    dispatcher ??= openDispatcher(origin, connections, env).catch((error) => {
      // A proxy setting that makes no sense fails this request; the next one, and `close`, start afresh.
      dispatcher = undefined;
      throw error;
    });
    return dispatch(
      await dispatcher,
      { origin, path: prefix + path, method: 'POST', headers: JSON_HEADERS, body },
      signal,
    );
  };
  post.close = async () => {
    // One that never opened has nothing to close; the request has told of it.
    await (await dispatcher?.catch(() => undefined))?.destroy();
  };
  return post;
}

async function openDispatcher(origin: string, connections: number, env: UndiciPostOptions['env']): Promise<Dispatcher> {
  const { buildConnector, EnvHttpProxyAgent, Pool } = await import('undici');
  const connect = unrefConnect(buildConnector({}));
  const options = {
    connections,
    connect,
    pipelining: 1,
    keepAliveTimeout: IDLE_SOCKET_MS,
    bodyTimeout: 0,
    headersTimeout: 0,
  };
  const proxied = ['http_proxy', 'https_proxy'].some((name) => env[name] || env[name.toUpperCase()]);
  return proxied ? new EnvHttpProxyAgent(options) : new Pool(origin, options);
}

function dispatch(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    let abort: (() => void) | undefined;
    let status = 0;
    let headers: Record<string, string | string[] | undefined> = {};
    let size = 0;
    const chunks: Uint8Array[] = [];
    const header = (name: string): string | undefined => {
      const value = headers[name];
      return Array.isArray(value) ? value[0] : value;
    };
    if (signal.aborted) return reject(signal.reason);
    // Rejecting here as well covers a request that still waits for a socket.
    const onAbort = (): void => {
      abort?.();
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });

    dispatcher.dispatch(options, {
      onRequestStart(controller) {
        abort = () => controller.abort(signal.reason);
        if (signal.aborted) abort();
      },
      onResponseStart(_controller, statusCode, responseHeaders) {
        status = statusCode;
        headers = responseHeaders;
      },
      onResponseData(controller, chunk) {
        size += chunk.length;
        if (size > MAX_ANSWER_BYTES) controller.abort(new Error('the answer is too long'));
        else chunks.push(chunk);
      },
      onResponseEnd() {
        signal.removeEventListener('abort', onAbort);
        resolve({ status, header, text: Buffer.concat(chunks).toString() });
      },
      onResponseError(_controller, error) {
        signal.removeEventListener('abort', onAbort);
        reject(error);
      },
    });
  });
}
