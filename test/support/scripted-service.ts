import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A request as it was received, its body read. */
export interface Received {
  readonly request: IncomingMessage;
  readonly body: string;
  /** Which request of this server it is, from 1. */
  readonly count: number;
  /** The ids of a batch's rows. */
  readonly ids: readonly string[];
}

export interface ScriptedService {
  readonly origin: string;
  readonly baseUrl: string;
  readonly received: Received[];
  /** The connections that are open. */
  readonly sockets: ReadonlySet<Socket>;
  /** Connections made so far. */
  connections: number;
}

export type Script = (received: Received, response: ServerResponse) => void;

/** A server that answers as `script` says: what the collector never would. Closed when the test ends. */
export async function scriptService(script: Script, keepAliveTimeoutMs = 60_000): Promise<ScriptedService> {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const { events = [] } = JSON.parse(body) as { events?: { distinctId: string }[] };
      const ids = events.map(({ distinctId }) => distinctId);
      const one: Received = { request, body, ids, count: service.received.length + 1 };
      service.received.push(one);
      script(one, response);
    });
  });
  server.keepAliveTimeout = keepAliveTimeoutMs;
  server.on('connection', (socket) => {
    service.connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const service: ScriptedService = { origin, baseUrl: `${origin}/api/v1`, received: [], sockets, connections: 0 };
  return service;
}

/** Answers with JSON. */
export function json(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** Answers as the service does to a batch it takes. */
export function take(response: ServerResponse, { ids }: Received): void {
  json(response, 200, { success: true, accepted: ids.length, failed: 0 });
}
