import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { keepProcess } from '../core/timers.js';
import { withTimeout } from '../core/with-timeout.js';
import type { DurableOutbox } from '../outbox/outbox.js';
import { readState } from '../outbox/outbox-state.js';
import { listenError, messageOf } from './command.js';
import { PROMETHEUS_CONTENT_TYPE, relayMetrics, type Tally, toPrometheusText } from './relay-metrics.js';

/** How long the outbox may take to answer. Prometheus waits 10 s. */
const PATIENCE_MS = 5_000;

export interface RelayServerOptions {
  readonly port: number;
  readonly host: string;
  readonly outbox: DurableOutbox;
  /** Why an operation of the relay failed since its last claim that succeeded; `undefined` if none did. */
  readonly failure: () => string | undefined;
  readonly tally: Tally;
}

export interface RelayServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves a relay's `/healthz` and `/metrics`. Health is about this process: an unreachable service is no reason to restart a
 * relay.
 */
export async function startRelayServer(options: RelayServerOptions): Promise<RelayServer> {
  const { port, host } = options;
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (path === '/healthz') void answerHealth(options, response);
    else if (path === '/metrics') void answerMetrics(options, response);
    else answer(response, 404, 'text/plain', 'Available: /healthz and /metrics.\n');
  });
  server.listen(port, host);
  // Rejects with the error of an 'error' event.
  await once(server, 'listening').catch((error: unknown) => {
    throw listenError(error, host, port);
  });
  const { address, family, port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answerHealth({ outbox, failure }: RelayServerOptions, response: ServerResponse): Promise<void> {
  const noAnswer = await keepProcess(withTimeout(outbox.oldest(), { timeoutMs: PATIENCE_MS })).then(
    () => undefined,
    (error: unknown) => `the outbox does not answer: ${messageOf(error)}`,
  );
  const failed = failure();
  const reason = noAnswer ?? (failed === undefined ? undefined : `the relay cannot work on the outbox: ${failed}`);
  if (reason === undefined) answer(response, 200, 'application/json', '{"status":"ok"}\n');
  else answer(response, 503, 'application/json', `${JSON.stringify({ status: 'unavailable', reason })}\n`);
}

async function answerMetrics(options: RelayServerOptions, response: ServerResponse): Promise<void> {
  const { outbox, failure, tally } = options;
  const state = await keepProcess(withTimeout(readState(outbox), { timeoutMs: PATIENCE_MS })).catch(() => undefined);
  const isUp = state !== undefined && failure() === undefined;
  answer(response, 200, PROMETHEUS_CONTENT_TYPE, toPrometheusText(relayMetrics(tally.counts, state, isUp)));
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}
