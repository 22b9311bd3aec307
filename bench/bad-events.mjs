import { createServer } from 'node:http';
import { createClient } from '../dist/index.js';
import { fixed, heading, note, table, whole } from './measure.mjs';
import { openOutbox, STORES, selectStores, withStore } from './stores.mjs';

const BAD_COUNTS = [0, 1, 10, 1_000];
/** Long enough for the slowest; what has not arrived by then is shown as missing. */
const LIMIT_MS = 10 * 60_000;
const LOOK_MS = 20;

/**
 * How long good events take with bad ones among them: a firewall answers 403 to every request that holds one. Bad events are
 * spread evenly over the queue, so that nearly every batch holds one where there are a thousand.
 */
export async function run({ events = 100_000, only } = {}) {
  const failures = [];
  heading(`bad-events: ${whole(events)} events, some of which a firewall answers with 403`);
  const rows = [['outbox', 'bad', 'good arrived', 'first s', 'half s', '99 % s', 'last s', 'requests']];
  for (const name of selectStores(STORES, only)) {
    for (const bad of BAD_COUNTS) {
      const result = await withStore(name, (place) => measure(place, events, bad));
      if (result.arrived < result.good)
        failures.push(`bad-events: ${name}, ${bad} bad: ${result.good - result.arrived} good events did not arrive`);
      const times = [0, result.arrived >> 1, Math.floor(result.arrived * 0.99), result.arrived - 1];
      rows.push([
        name,
        whole(bad),
        whole(result.arrived),
        ...times.map((at) => fixed(result.times[at] / 1_000, 1)),
        whole(result.requests),
      ]);
    }
  }
  table(rows);
  note('Times count from the first track. The service, the client and the firewall share a process and a core.');
  return failures;
}

async function measure(place, events, badCount) {
  const every = badCount === 0 ? Number.POSITIVE_INFINITY : Math.floor(events / badCount);
  const isBad = (at) => at % every === Math.floor(every / 2);
  const good = events - Array.from({ length: events }, (_, at) => at).filter(isBad).length;
  const arrived = new Set();
  const times = [];
  let requests = 0;
  const startedAt = performance.now();
  const server = createServer(async (request, response) => {
    requests += 1;
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const ids = JSON.parse(Buffer.concat(chunks)).events.map(({ distinctId }) => Number(distinctId.slice(1)));
    if (ids.some(isBad)) {
      response.writeHead(403, { 'content-type': 'text/html' }).end('<h1>Forbidden</h1>');
      return;
    }
    for (const id of ids) {
      if (arrived.has(id)) continue;
      arrived.add(id);
      times.push(performance.now() - startedAt);
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true}');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { outbox, disconnect } = await openOutbox(place);
  const client = createClient({
    token: 'test_bench',
    baseUrl: `http://127.0.0.1:${server.address().port}/api/v1`,
    logger: { warn() {} },
    ...(place.name === 'memory' ? { maxQueueSize: events } : { outbox }),
  });
  for (let at = 0; at < events; at += 1) {
    client.track({ event: 'purchase', userId: `v${at % 1_000}`, distinctId: `e${at}`, eventProperties: { order: at } });
    if (at % 500 === 499) await new Promise(setImmediate);
  }
  while (arrived.size < good && performance.now() - startedAt < LIMIT_MS) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  await client.close({ timeoutMs: 0 });
  await disconnect();
  server.closeAllConnections();
  server.close();
  return { good, arrived: arrived.size, times, requests };
}
