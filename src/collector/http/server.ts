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

// Longer than any client keeps a connection idle, so that it is never the collector that closes first.
const KEEP_ALIVE_MS = 10 * 60 * 1000;

// The path of an assignment ends with whatever key the sender thought of.
const MAX_PATHS = 1_000;

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly maxBodyBytes: number;
  readonly now: () => number;
  readonly router: Router;
  readonly admit: Admit;
  readonly decideFault: FaultPlan;
  /** For what pages of other origins send. */
  readonly quota: RowQuota;
  /** Hears, at most once a minute, that those pages send too much. */
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

/** Starts the HTTP side of the collector: counts, reads, lets faults happen, answers. */
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
    // Faults are for the API that clients speak; the page stays in one piece.
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
      // A fault plan is the user's code: its mistake should be read, not guessed.
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

/** What a request asks for; the origin only makes a URL of it. A target that is no path asks for nothing there is. */
function urlOf({ url = '' }: IncomingMessage): URL {
  const text = `http://collector${url}`;
  return new URL(url.startsWith('/') && URL.canParse(text) ? text : 'http://collector/not-a-path');
}

/** A path of an API as faults and counts name it: the Ingest API's without its prefix, the Platform API's with it. */
function apiPathOf(pathname: string): string | undefined {
  if (pathname.startsWith(API_PREFIX)) return pathname.slice(API_PREFIX.length);
  return pathname.startsWith(`${PLATFORM_PREFIX}/`) ? pathname : undefined;
}

function rowsOf(body: unknown): { rows?: readonly unknown[] } {
  if (typeof body !== 'object' || body === null || !('events' in body)) return {};
  return Array.isArray(body.events) ? { rows: body.events } : {};
}

/** Rows of a batch or of the browser, wherever a body has some: which field is read depends on the path. At least one. */
function rowCountOf(body: unknown): number {
  const { events, data } = (body ?? {}) as { readonly events?: unknown; readonly data?: unknown };
  const lengthOf = (rows: unknown): number => (Array.isArray(rows) ? rows.length : 0);
  return Math.max(1, lengthOf(events) + lengthOf(data));
}

function tooManyRows({ retryAfterSeconds }: OverQuota): Answer {
  return {
    ...refuse(429, 'pages of other sites send more rows than a person causes'),
    headers: { 'retry-after': String(retryAfterSeconds) },
  };
}

function originOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
