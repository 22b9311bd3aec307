import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DurableOutbox } from '../outbox/outbox.js';
import { listenError } from './listen-error.js';
import { messageOf } from './message-of.js';
import { readState } from './outbox-state.js';
import { withPatience } from './patience.js';
import { PROMETHEUS_CONTENT_TYPE, toPrometheusText } from './prometheus.js';
import { relayMetrics } from './relay-metrics.js';
import type { Tally } from './tally.js';

/** How long the outbox may take to answer; below the 10 s that Prometheus waits. */
const PATIENCE_MS = 5_000;

export interface RelayServerOptions {
  readonly port: number;
  readonly host: string;
  readonly outbox: DurableOutbox;
  readonly tally: Tally;
}

export interface RelayServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves a relay's `/healthz` and `/metrics`. Health is whether this process can work: that the service cannot be reached
 * is no reason to restart a relay.
 */
export async function startRelayServer({ port, host, outbox, tally }: RelayServerOptions): Promise<RelayServer> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (path === '/healthz') void answerHealth(outbox, response);
    else if (path === '/metrics') void answerMetrics(outbox, tally, response);
    else answer(response, 404, 'text/plain', 'There are /healthz and /metrics here.\n');
  });
  server.listen(port, host);
  // Rejects with what 'error' brings.
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

async function answerHealth(outbox: DurableOutbox, response: ServerResponse): Promise<void> {
  try {
    await withPatience(outbox.oldest(), PATIENCE_MS);
    answer(response, 200, 'application/json', '{"status":"ok"}\n');
  } catch (error) {
    const reason = `the outbox does not answer: ${messageOf(error)}`;
    answer(response, 503, 'application/json', `${JSON.stringify({ status: 'unavailable', reason })}\n`);
  }
}

async function answerMetrics(outbox: DurableOutbox, tally: Tally, response: ServerResponse): Promise<void> {
  const state = await withPatience(readState(outbox), PATIENCE_MS).catch(() => undefined);
  answer(response, 200, PROMETHEUS_CONTENT_TYPE, toPrometheusText(relayMetrics(tally.counts, state)));
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}
