import { type Logger, sentenceOf } from '../core/logger.js';
import { createFetchPost, JSON_HEADERS } from './fetch-post.js';
import { globalDispatcher, isDispatcherChosen } from './global-dispatcher.js';
import type { HttpPost } from './http-transport.js';
import { describeProxy, routeTo } from './proxy.js';
import type { FetchLike } from './transport.js';
import { loadUndici, type Undici } from './undici-engine.js';
import type { UndiciPostOptions } from './undici-post.js';
import { USER_AGENT } from './user-agent.js';

export interface NodePostOptions extends Omit<UndiciPostOptions, 'proxy' | 'onSlowConnect'> {
  /** Read now: a proxy that cannot be one is refused when the client is made. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
  /** Loads undici; tests let it fail. @default {@link loadUndici} */
  readonly load?: () => Promise<Undici>;
}

/**
 * Posts on Node: through undici, or through `globalThis.fetch` where that is replaced (nock, MSW, tracing tools, Next.js),
 * where the application has set a global dispatcher, and where undici cannot be loaded. Going round any of them would send a
 * test's events to the real service, or past the proxy that leads to it.
 *
 * @throws {OursError} `invalid_option` when a variable that names the proxy holds none
 */
export function createNodePost({ load = loadUndici, logger, env, ...options }: NodePostOptions): HttpPost {
  const { proxy } = routeTo(options.baseUrl, env);
  const via = proxy && describeProxy(proxy);
  const headers = { ...JSON_HEADERS, 'user-agent': USER_AGENT };
  const throughFetch = createFetchPost(
    options.baseUrl,
    () => globalThis.fetch as FetchLike,
    foreignDispatcher,
    headers,
  );
  let opening: Promise<HttpPost | undefined> | undefined;
  let isDirect = true;
  let isSlowTold = false;

  /** Once, until something answers: a name or a firewall that lets nothing through is known only seconds later. */
  function tellSlow(): void {
    if (isSlowTold) return;
    isSlowTold = true;
    const through = via === undefined ? '' : ` through ${via}`;
    logger.warn(
      `still no connection to ${new URL(options.baseUrl).host}${through}. Events wait in the outbox meanwhile.`,
    );
  }

  /** With the first request, so that a client that sends nothing loads nothing. */
  async function open(): Promise<HttpPost | undefined> {
    if (!('WebAssembly' in globalThis)) {
      logger.warn(
        'this process has no WebAssembly (node --jitless), which undici and the fetch of Node need: events wait in the outbox until you pass another fetch.',
      );
    }
    try {
      const [undici, { createUndiciPost }] = await Promise.all([load(), import('./undici-post.js')]);
      return createUndiciPost(undici, { ...options, proxy, onSlowConnect: tellSlow });
    } catch (error) {
      const [why] = sentenceOf(error).split('\n');
      const past = via === undefined ? '' : ` and does not know ${via}`;
      logger.warn(
        `undici cannot be loaded, so until this process ends requests go through globalThis.fetch, which takes more CPU time${past}. In a bundle, leave undici external or write CommonJS. ${why}`,
      );
      return undefined;
    }
  }

  const post: HttpPost = async (path, body, signal, onConnected) => {
    isDirect = false;
    if (isFetchReplaced()) return throughFetch(path, body, signal);
    opening ??= open();
    const direct = await opening;
    if (direct === undefined || isDispatcherChosen()) return throughFetch(path, body, signal);
    isDirect = true;
    const answer = await direct(path, body, signal, onConnected);
    isSlowTold = false;
    return answer;
  };
  post.via = () => (isDirect ? via : undefined);
  post.close = async () => {
    await (await opening)?.close?.();
  };
  return post;
}

/**
 * Jest gives tests globals of their own but Node's `fetch`, which does not see what `setGlobalDispatcher` puts there: it has
 * to be told.
 */
function foreignDispatcher(): object {
  const isForeign = !isFetchReplaced() && Object.getPrototypeOf(globalThis.fetch) !== Function.prototype;
  const dispatcher = isForeign ? globalDispatcher() : undefined;
  return dispatcher === undefined ? {} : { dispatcher };
}

let lastFetch: unknown;
let lastIsReplaced = false;

/** Node's own `fetch` names its source, on 20 to 26. Where there is none, as under jsdom, none is replaced. */
function isFetchReplaced(): boolean {
  const { fetch } = globalThis;
  if (fetch !== lastFetch) {
    lastFetch = fetch;
    lastIsReplaced =
      typeof fetch === 'function' && !Function.prototype.toString.call(fetch).includes('internal/deps/undici');
  }
  return lastIsReplaced;
}
