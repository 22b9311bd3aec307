import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Admit, isFromAnotherSite } from './access.js';
import { type Answer, refuse, send } from './answer.js';
import { answerWithFault } from './answer-with-fault.js';
import { answerPreflight, corsHeaders } from './cors.js';
import type { FaultPlan } from './faults.js';
import { contentTypeProblem, readBody } from './read-body.js';
import { API_PREFIX, PLATFORM_PREFIX } from './route.js';
import type { Router } from './router.js';
import type { OverQuota, RowQuota } from './row-quota.js';

// Longer than any client keeps idle connections, so that the collector never closes first.
const KEEP_ALIVE_MS = 10 * 60 * 1000;

// Paths of assignments end with a key from the sender, so their number is bounded.
const MAX_PATHS = 1_000;

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly maxBodyBytes: number;
  readonly now: () => number;
  readonly router: Router;
  readonly admit: Admit;
  readonly decideFault: FaultPlan;
  /** The quota for pages of other origins. */
  readonly quota: RowQuota;
  /** Called at most once a minute when those pages exceed the quota. */
  readonly reportOverQuota: () => void;
}

export interface HttpServer {
  readonly url: string;
  /** Connections accepted so far. */
  readonly sockets: number;
  /** Requests to the API so far. */
  readonly total: number;
  /** Requests to each API path so far, relative to the base URL. */
  readonly requests: ReadonlyMap<string, number>;
  /** Stops listening and drops every connection, answered or not. */
  close(): Promise<void>;
}

/** Starts the HTTP server of the collector: counts and reads requests, injects faults, answers. */
export async function startServer(options: ServerOptions): Promise<HttpServer> {
  const { now, maxBodyBytes, router, admit } = options;
  const requests = new Map<string, number>();
  const closing = new AbortController();
  let sockets = 0;
  let total = 0;

  const exchange = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const refused = (answer: Answer): void => {
      request.resume();
      send(response, answer, now());
    };
    const url = urlOf(request);
    const { headers, method = 'GET' } = request;
    for (const [name, value] of Object.entries(corsHeaders(url.pathname, headers.origin))) {
      response.setHeader(name, value);
    }
    const early =
      (method === 'OPTIONS' ? answerPreflight(url.pathname, headers) : undefined) ??
      admit(method, url.pathname, headers);
    if (early !== undefined) return refused(early);
    const matched = router(method, url.pathname);
    if ('answer' in matched) return refused(matched.answer);
    const { route, params } = matched;
    const problem = contentTypeProblem(request, route.accepts);
    if (problem !== undefined) return refused(refuse(415, problem));

    const path = apiPathOf(url.pathname);
    const attempt = path === undefined ? 0 : (requests.get(path) ?? 0) + 1;
    if (path !== undefined) {
      total += 1;
      if (attempt > 1 || requests.size < MAX_PATHS) requests.set(path, attempt);
    }
    const body = await readBody(request, route.accepts, maxBodyBytes);
    switch (body.kind) {
      case 'aborted':
        return;
      case 'tooLarge':
        return send(response, refuse(413, `more than ${maxBodyBytes} bytes`, maxBodyBytes), now());
      case 'malformed':
        return send(response, refuse(400, 'the body is not JSON'), now());
    }
    if (isFromAnotherSite(headers)) {
      const over = options.quota.take(rowCountOf(body.value));
      if (over?.isNews) options.reportOverQuota();
      if (over !== undefined) return send(response, tooManyRows(over), now());
    }
    // Faults are only for the APIs, not for the pages.
    const fault = path === undefined ? undefined : options.decideFault({ path, attempt, ...rowsOf(body.value) });
    await answerWithFault(
      response,
      fault,
      (rowFault) => route.handle({ url, params, headers, body: body.value, rowFault }),
      now,
      closing.signal,
    );
  };

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    exchange(request, response).catch((error: unknown) => {
      if (closing.signal.aborted || response.headersSent) response.destroy();
      // A fault plan is the user's code, so its error is shown.
      else send(response, refuse(500, `the collector failed: ${String(error)}`), now());
    });
  });
  server.on('connection', () => {
    sockets += 1;
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });

  return {
    url: originOf(server.address() as AddressInfo),
    get total() {
      return total;
    },
    requests,
    get sockets() {
      return sockets;
    },
    close() {
      closing.abort();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** The URL of a request, with a placeholder origin. A target that is not a path matches no route. */
function urlOf({ url = '' }: IncomingMessage): URL {
  const text = `http://collector${url}`;
  return new URL(url.startsWith('/') && URL.canParse(text) ? text : 'http://collector/not-a-path');
}

/** The path of an API for faults and counts: without prefix for the Ingest API, with prefix for the Platform API. */
function apiPathOf(pathname: string): string | undefined {
  if (pathname.startsWith(API_PREFIX)) return pathname.slice(API_PREFIX.length);
  return pathname.startsWith(`${PLATFORM_PREFIX}/`) ? pathname : undefined;
}

function rowsOf(body: unknown): { rows?: readonly unknown[] } {
  if (typeof body !== 'object' || body === null || !('events' in body)) return {};
  return Array.isArray(body.events) ? { rows: body.events } : {};
}

/** The rows of a batch or of the browser, at least 1. Counts both fields, because the path decides which one is read. */
function rowCountOf(body: unknown): number {
  const { events, data } = (body ?? {}) as { readonly events?: unknown; readonly data?: unknown };
  const lengthOf = (rows: unknown): number => (Array.isArray(rows) ? rows.length : 0);
  return Math.max(1, lengthOf(events) + lengthOf(data));
}

function tooManyRows({ retryAfterSeconds }: OverQuota): Answer {
  return {
    ...refuse(429, 'pages of other sites send too many rows'),
    headers: { 'retry-after': String(retryAfterSeconds) },
  };
}

function originOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
