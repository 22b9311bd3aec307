import type { buildConnector, Dispatcher } from 'undici';
import { decodeBody } from './decode-body.js';
import { JSON_HEADERS, MAX_ANSWER_BYTES } from './fetch-post.js';
import type { HttpPost } from './http-transport.js';
import { createConnecting } from './undici-connect.js';
import { USER_AGENT } from './user-agent.js';
import type { HttpAnswer } from './verdict.js';

export type Undici = typeof import('undici');

export interface UndiciPostOptions {
  readonly baseUrl: string;
  /** Sockets to the service; one sender never needs more than one. */
  readonly connections: number;
  /** How long connecting may take, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Below the usual 5 s of servers and load balancers, so that we close an idle socket before they do. */
const IDLE_SOCKET_MS = 4_000;

/** After this long new connections are made, so that the name is looked up again even while requests keep sockets busy. */
const REOPEN_MS = 30_000;

/** A proxy is dialled by undici's own connector, which cannot adapt: long enough for a slow handshake. */
const PROXY_ATTEMPT_MS = 1_000;

const HEADERS = {
  ...JSON_HEADERS,
  'user-agent': USER_AGENT,
  // Without it, any coding is acceptable (RFC 9110 §12.5.3). Some servers use one all the same, and it is decoded.
  'accept-encoding': 'identity',
};

/**
 * Posts through an undici dispatcher: about two thirds of the CPU time of `fetch` (bench/README.md). undici is passed in:
 * with a static import here, a bundle that leaves it out would load it at start.
 */
export function createUndiciPost(undici: Undici, options: UndiciPostOptions): HttpPost {
  const { baseUrl, monotonic } = options;
  const { origin, pathname } = new URL(baseUrl);
  const prefix = pathname === '/' ? '' : pathname;
  const connecting = createConnecting(undici, options.connectTimeoutMs);
  /** The newest takes requests; the older ones close when their last request has ended. */
  const dispatchers = new Set<Dispatcher>();
  let newest: Dispatcher | undefined;
  let openedAt = 0;

  function open(): Dispatcher {
    const dispatcher = openDispatcher(undici, origin, connecting.connect, options);
    dispatchers.add(dispatcher);
    return dispatcher;
  }

  function retire(dispatcher: Dispatcher): void {
    dispatcher
      .close()
      .catch(() => undefined)
      .finally(() => dispatchers.delete(dispatcher));
  }

  const post: HttpPost = async (path, body, signal) => {
    if (newest === undefined || monotonic() - openedAt >= REOPEN_MS) {
      const older = newest;
      newest = open();
      openedAt = monotonic();
      if (older !== undefined) retire(older);
    }
    return dispatch(newest, { origin, path: prefix + path, method: 'POST', headers: HEADERS, body }, signal);
  };
  post.close = async () => {
    connecting.close();
    await Promise.all([...dispatchers].map((dispatcher) => dispatcher.destroy()));
  };
  return post;
}

/** @throws when the environment's proxy makes no sense; the request fails, and the next one tries again */
function openDispatcher(
  { EnvHttpProxyAgent, Pool }: Undici,
  origin: string,
  connect: buildConnector.connector,
  { connections, connectTimeoutMs, env }: UndiciPostOptions,
): Dispatcher {
  const options = {
    connections,
    connect,
    pipelining: 1,
    keepAliveTimeout: IDLE_SOCKET_MS,
    // A server's `Keep-Alive: timeout=60` must not keep a socket longer: after a DNS switch it leads to the old side.
    keepAliveMaxTimeout: IDLE_SOCKET_MS,
    bodyTimeout: 0,
    headersTimeout: 0,
  };
  const proxied = ['http_proxy', 'https_proxy'].some((name) => env[name] || env[name.toUpperCase()]);
  if (!proxied) return new Pool(origin, options);
  return new EnvHttpProxyAgent({
    ...options,
    proxyTls: { timeout: connectTimeoutMs, autoSelectFamilyAttemptTimeout: PROXY_ATTEMPT_MS },
  });
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
    const end = (text: string): void => {
      signal.removeEventListener('abort', onAbort);
      resolve({ status, header, text });
    };

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
        if (size <= MAX_ANSWER_BYTES) {
          chunks.push(chunk);
          return;
        }
        end('');
        controller.abort(new Error('the answer is too long'));
      },
      onResponseEnd() {
        decodeBody(Buffer.concat(chunks), String(headers['content-encoding'] ?? ''), MAX_ANSWER_BYTES, end);
      },
      onResponseError(_controller, error) {
        signal.removeEventListener('abort', onAbort);
        reject(error);
      },
    });
  });
}
