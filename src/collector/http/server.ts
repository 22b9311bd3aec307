import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { refuse, send } from './answer.js';
import { answerWithFault } from './answer-with-fault.js';
import type { FaultPlan } from './faults.js';
import { precheck } from './precheck.js';
import { readBody } from './read-body.js';
import type { Handler } from './routes.js';

// Longer than any client keeps a connection idle, so that it is never the collector that closes first.
const KEEP_ALIVE_MS = 10 * 60 * 1000;

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly maxBodyBytes: number;
  readonly now: () => number;
  readonly findRoute: (path: string) => Handler | undefined;
  readonly decideFault: FaultPlan;
  /** What `GET /` tells. */
  readonly overview: () => unknown;
}

export interface HttpServer {
  readonly url: string;
  /** Connections accepted so far. */
  readonly sockets: number;
  /** Requests to each API path so far. */
  readonly requests: ReadonlyMap<string, number>;
  /** Stops listening and drops every connection, answered or not. */
  close(): Promise<void>;
}

/** Starts the HTTP side of the collector: counts, reads, lets faults happen, answers. */
export async function startServer(options: ServerOptions): Promise<HttpServer> {
  const { now, maxBodyBytes } = options;
  const requests = new Map<string, number>();
  const closing = new AbortController();
  let sockets = 0;

  const exchange = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const checked = precheck(request, options.findRoute, options.overview);
    if (checked.kind === 'answered') {
      request.resume();
      return send(response, checked.answer, now());
    }
    const { path, handler } = checked;
    const attempt = (requests.get(path) ?? 0) + 1;
    requests.set(path, attempt);
    const body = await readBody(request, maxBodyBytes);
    switch (body.kind) {
      case 'aborted':
        return;
      case 'tooLarge':
        return send(response, refuse(413, `more than ${maxBodyBytes} bytes`, maxBodyBytes), now());
      case 'malformed':
        return send(response, refuse(400, 'the body is not JSON'), now());
    }
    const rows = rowsOf(body.value);
    const fault = options.decideFault({ path, attempt, ...(rows === undefined ? {} : { rows }) });
    const handle = handler.bind(undefined, body.value);
    await answerWithFault(response, fault, handle, now, closing.signal);
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

function rowsOf(body: unknown): readonly unknown[] | undefined {
  if (typeof body !== 'object' || body === null || !('events' in body)) return undefined;
  return Array.isArray(body.events) ? body.events : undefined;
}

function originOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
