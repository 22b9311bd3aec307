import { createConnection } from 'node:net';
import { fixed, heading, median, note, startChild, table, verdict, whole, withSink } from './measure.mjs';

const MAX_US = 10;
const FRAMEWORKS = ['express', 'fastify', 'hono'];
/**
 * What is measured, each in a process of its own: the framework alone, with a middleware that does nothing, with the adapter whose
 * visitor is not used, with a handler that reads the visitor's id and session, with one that reads the whole visitor as an event
 * needs it, and with one that tracks an event, which is encoded and delivered to a sink.
 */
const VARIANTS = ['bare', 'empty', 'adapter', 'asked', 'opened', 'tracked'];
/** Fresh processes for each set: how V8 compiles a process and places its memory stays the same for all its rounds. */
const SETS = 3;
const SOCKETS = 16;
const WARM_UP = 10_000;

// A session of now: an ended one would be read as none.
const SDK_DATA = encodeURIComponent(
  JSON.stringify({ sid: `sid_${Date.now()}`, session_count: 2, session_last_activity: Date.now() }),
);
// What a browser sends that has come to a shop by an advertisement.
const REQUEST = Buffer.from(
  [
    'GET /plans?utm_source=search&utm_medium=cpc&utm_campaign=spring%20sale&gclid=Cj0KCQiA HTTP/1.1',
    'Host: shop.example',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    'Accept: text/html',
    'Accept-Language: de-CH,de;q=0.9',
    'Sec-Fetch-Dest: document',
    'Referer: https://search.example/',
    'Cookie: theme=dark; _ga=GA1.1.1066.1732; _fbp=fb.1.1732398000000.1066; ours_device_id=7d9c2b34-5d0e-4b6a-9d84-b7d8d9d6b2f1; ' +
      `_cord_sdk_data=${SDK_DATA}; cart=8f14e45f`,
    '\r\n',
  ].join('\r\n'),
);

/** What an adapter costs a request: the server's CPU time beyond its bare framework. All variants take turns, round by round. */
export async function run({ runs = 7, events = 2_000 } = {}) {
  heading(
    `adapters: ${whole(events)} requests on ${SOCKETS} sockets, CPU µs a request of the server beyond bare, medians of ${SETS} × ${runs}`,
  );
  const rows = [];
  await withSink(async (sink, baseUrl) => {
    for (const framework of FRAMEWORKS) {
      const costs = VARIANTS.map(() => []);
      for (let set = 1; set <= SETS; set += 1) await runSet({ framework, baseUrl, set, runs, events, costs, sink });
      note('');
      // Within a round the machine is the same for all of them.
      const beyond = costs.map((own) => median(own.map((cost, round) => cost - costs[0][round])));
      rows.push({ framework, bare: median(costs[0]), beyond });
    }
  });
  table([
    ['framework', 'bare', 'empty middleware', 'adapter alone', 'id read', 'read whole', 'event delivered'],
    ...rows.map(({ framework, bare, beyond }) => [framework, fixed(bare), ...beyond.slice(1).map((us) => fixed(us))]),
  ]);
  for (const { framework, beyond } of rows) {
    const verdicts = ['adapter', 'asked', 'opened'].map((variant) => {
      const us = beyond[VARIANTS.indexOf(variant)];
      return `${variant} ${fixed(us)} ${verdict(us <= MAX_US)}`;
    });
    console.log(`${framework}, at most ${MAX_US} µs: ${verdicts.join(', ')}`);
  }
  return [];
}

/** Starts a server for each variant, warms it up, and adds the costs of `runs` rounds to `costs`. */
async function runSet({ framework, baseUrl, set, runs, events, costs, sink }) {
  const servers = VARIANTS.map((variant) =>
    startChild('./children/adapters.mjs', { framework, variant, baseUrl }, { deadlineMs: 1_800_000 }),
  );
  try {
    const ports = await Promise.all(servers.map(async (server) => (await server.next()).port));
    for (const port of ports) await request(port, WARM_UP);
    for (let round = 0; round < runs; round += 1) {
      note(`${framework} ${set}/${SETS}, ${round + 1}/${runs}`);
      for (const [at, server] of servers.entries()) {
        await server.ask('start');
        await request(ports[at], events);
        costs[at].push((await server.ask('stop')).cpuUs / events);
      }
      await sink.ask({ reset: true });
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** Sends `count` requests, one at a time on each socket. */
async function request(port, count) {
  let left = count;
  await Promise.all(
    Array.from({ length: SOCKETS }, async () => {
      const socket = createConnection(port, '127.0.0.1').setNoDelay();
      await new Promise((resolve, reject) => {
        const next = () => (left-- > 0 ? socket.write(REQUEST) : resolve());
        // Every answer ends with these; all of them are short enough for one packet.
        socket.on('data', (chunk) => chunk.toString('latin1').endsWith('done') && next()).on('error', reject);
        next();
      });
      socket.destroy();
    }),
  );
}
