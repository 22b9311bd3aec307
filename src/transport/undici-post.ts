import type { buildConnector, Dispatcher, Pool as UndiciPool } from 'undici';
import { deadline } from '../core/timers.js';
import { decodeBody } from './decode-body.js';
import { JSON_HEADERS, MAX_ANSWER_BYTES } from './fetch-post.js';
import type { HttpPost } from './http-transport.js';
import type { HttpProxy } from './proxy.js';
import { type HttpAnswer, PROXY_ANSWERS } from './send-result.js';
import { createConnecting, neverRef, SLOW_CONNECT_MS, skipInterim } from './undici-connect.js';
import type { Undici } from './undici-engine.js';
import { USER_AGENT } from './user-agent.js';

export interface UndiciPostOptions {
  readonly baseUrl: string;
  /** Sockets to the service; one sender never needs more than one. */
  readonly connections: number;
  /** How long connecting may take, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  readonly proxy?: HttpProxy | undefined;
  /** Called when there is no connection after 0.6 s, for each attempt. */
  readonly onSlowConnect?: (() => void) | undefined;
}

/** Below the usual 5 s of servers and load balancers, so that we close an idle socket before they do. */
const IDLE_SOCKET_MS = 4_000;

/** After this long new connections are made, so that the name is looked up again even while requests keep sockets busy. */
const REOPEN_MS = 30_000;

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
  const connecting = createConnecting(undici, options.connectTimeoutMs, options.onSlowConnect);
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

  const post: HttpPost = async (path, body, signal, onConnected) => {
    if (newest === undefined || monotonic() - openedAt >= REOPEN_MS) {
      const older = newest;
      newest = open();
      openedAt = monotonic();
      if (older !== undefined) retire(older);
    }
    const request: Dispatcher.DispatchOptions = { origin, path: prefix + path, method: 'POST', headers: HEADERS, body };
    return dispatch(newest, request, { signal, onConnected, onSlowConnect: options.proxy && options.onSlowConnect });
  };
  post.close = async () => {
    connecting.close();
    await Promise.all([...dispatchers].map((dispatcher) => dispatcher.destroy()));
  };
  return post;
}

function openDispatcher(
  { ProxyAgent, Pool }: Undici,
  origin: string,
  connect: buildConnector.connector,
  { connections, connectTimeoutMs, proxy }: UndiciPostOptions,
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
  if (proxy === undefined) return new Pool(origin, options);
  return new ProxyAgent({
    ...options,
    uri: proxy.url,
    ...(proxy.authorization !== undefined && { token: proxy.authorization }),
    // A proxy that never answers CONNECT must not hold its socket, nor the agent that is being closed.
    clientFactory: (url) => new Pool(url, { connect, connections, headersTimeout: connectTimeoutMs }),
    requestTls: { timeout: connectTimeoutMs },
    factory: (url, { connect: tunnel, ...rest }: UndiciPool.Options) =>
      new Pool(url, { ...rest, connect: prepared(tunnel as buildConnector.connector) }),
  });
}

/** Through a tunnel, sockets are to behave as those of {@link createConnecting}. */
function prepared(tunnel: buildConnector.connector): buildConnector.connector {
  return ((options, callback) =>
    tunnel(options, (...[error, socket]) =>
      error === null ? callback(null, skipInterim(neverRef(socket))) : callback(error, null),
    )) as buildConnector.connector;
}

interface DispatchContext {
  readonly signal: AbortSignal;
  readonly onConnected: (() => void) | undefined;
  /** For a tunnel, which may take longer than the connection to its proxy. */
  readonly onSlowConnect: (() => void) | undefined;
}

function dispatch(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  { signal, onConnected, onSlowConnect }: DispatchContext,
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
    const cancelWord = onSlowConnect && deadline(SLOW_CONNECT_MS, onSlowConnect);
    const onAbort = (): void => {
      cancelWord?.();
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
        cancelWord?.();
        abort = () => controller.abort(signal.reason);
        if (signal.aborted) abort();
        else onConnected?.();
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
        cancelWord?.();
        signal.removeEventListener('abort', onAbort);
        reject(withProxyStatus(error));
      },
    });
  });
}

/** A proxy that makes no tunnel says why in its status, which undici puts into a message only. */
function withProxyStatus(error: Error): Error {
  const [, status] = /^Proxy response \((\d+)\) !== 200/.exec(error.message) ?? [];
  if (status === undefined) return error;
  return Object.assign(new Error(error.message), { code: `${PROXY_ANSWERS}${status}` });
}
