import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ServiceSpell } from '../plan/schedule.js';
import type { Random } from '../random.js';
import { type Exchange, type OwnAnswer, sendOwn, type WireRow } from './exchange.js';
import { applyFault } from './faults.js';
import { answerPoison } from './poison.js';
import { Truth } from './truth.js';

const MAX_AHEAD_MS = 1_000;
const MAX_AGE_MS = 7 * 24 * 3_600_000;

export interface ServiceOptions {
  readonly random: Random;
  /** The current spell; `undefined` while the service is well. */
  readonly spell: () => ServiceSpell | undefined;
}

/** An Ingest API that misbehaves on schedule and records what it accepted. */
export interface ChaosService {
  readonly port: number;
  readonly truth: Truth;
  /** How often each fault was applied. */
  readonly met: ReadonlyMap<string, number>;
  /** Requests that followed a redirect to another server. */
  readonly leaks: number;
  close(): Promise<void>;
}

export async function startService({ random, spell }: ServiceOptions): Promise<ChaosService> {
  const truth = new Truth();
  const met = new Map<string, number>();
  let leaks = 0;
  const trap = await listen((request, response) => {
    leaks += 1;
    request.resume();
    response.end('{"success":true}');
  });
  const elsewhere = `http://127.0.0.1:${portOf(trap)}/api/v1/batch`;
  const count = (what: string): void => void met.set(what, (met.get(what) ?? 0) + 1);

  const server = await listen(async (request, response) => {
    const exchange = await read(request, response, { random, elsewhere, truth });
    // A client that has disconnected will retry: accepting its request now could break the order.
    if (exchange === undefined || response.destroyed) return;
    // Node's own is up to as late as the event loop is, which would make right clocks look wrong.
    response.setHeader('date', new Date().toUTCString());
    if (answerPoison(exchange)) return count('poison');
    const { chance = 0, faults = [], only } = spell() ?? {};
    const isOther = only !== undefined && (only === 'batch') !== exchange.isBatch;
    if (isOther || !random.chance(chance)) return sendOwn(exchange, exchange.take());
    const fault = random.pick(faults);
    count(fault);
    applyFault(fault, exchange);
  });

  return {
    port: portOf(server),
    truth,
    met,
    get leaks() {
      return leaks;
    },
    async close() {
      await Promise.all([server, trap].map(stop));
    },
  };
}

async function read(
  request: IncomingMessage,
  response: ServerResponse,
  { truth, ...rest }: Pick<Exchange, 'random' | 'elsewhere'> & { readonly truth: Truth },
): Promise<Exchange | undefined> {
  let text = '';
  try {
    request.setEncoding('utf8');
    for await (const chunk of request) text += chunk;
  } catch {
    return undefined;
  }
  const isBatch = request.url?.endsWith('/batch') === true;
  const body = JSON.parse(text) as WireRow & { readonly token: string; readonly events?: readonly WireRow[] };
  const rows = isBatch ? body.events! : [body];
  const take = (taken: readonly WireRow[] = rows): OwnAnswer =>
    isBatch ? takeRows(truth, taken) : takePerson(truth, taken[0]!, body.token);
  return { isBatch, rows, response, take, ...rest };
}

function takePerson(truth: Truth, row: WireRow, token: string): OwnAnswer {
  // Each worker has its own token.
  truth.takeIdentify(row, token);
  return { status: 200, body: { success: true } };
}

function takeRows(truth: Truth, rows: readonly WireRow[]): OwnAnswer {
  const results = rows.map((row, index) => {
    const message = complaintAbout(row);
    if (message !== undefined) return { index, success: false, code: 'invalid_event', message };
    truth.takeTrack(row);
    return { index, success: true };
  });
  const failed = results.filter(({ success }) => !success).length;
  return {
    status: failed === 0 ? 200 : 207,
    body: { success: failed === 0, accepted: rows.length - failed, failed, results },
  };
}

function complaintAbout({ event, distinctId, time, eventProperties }: WireRow): string | undefined {
  const now = Date.now();
  if (eventProperties?.bad != null) return 'this event is never accepted';
  if (event === undefined || distinctId === undefined) return 'event and distinctId are required';
  if (time !== undefined && time > now + MAX_AHEAD_MS) return `time is ${time - now} ms in the future`;
  if (time !== undefined && time < now - MAX_AGE_MS) return 'time is more than 7 days ago';
  return undefined;
}

async function listen(handler: (request: IncomingMessage, response: ServerResponse) => unknown): Promise<Server> {
  const server = createServer((request, response) => {
    // Clients are killed in the middle of requests.
    for (const stream of [request, response]) stream.on('error', () => undefined);
    void handler(request, response);
  });
  // Hanging requests must hang for as long as the client lets them.
  server.keepAliveTimeout = 30_000;
  server.requestTimeout = 0;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

async function stop(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}
