import { createConnection } from 'node:net';
import { fixed, heading, median, note, startChild, table, verdict, whole } from './measure.mjs';

const MAX_US = 10;
const FRAMEWORKS = ['express', 'fastify', 'hono'];
/** The framework alone, with the adapter, with a handler that asks who it is, and with one that reads all an event needs. */
const VARIANTS = ['bare', 'adapter', 'asked', 'opened'];
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

/** What an adapter costs a request: the server's CPU time, its framework bare and with ours taking turns. */
export async function run({ runs = 21, events = 4_000 } = {}) {
  heading(
    `adapters: ${whole(events)} requests on ${SOCKETS} sockets, CPU µs a request of the server, medians of ${runs}`,
  );
  const rows = [];
  for (const framework of FRAMEWORKS) {
    const servers = VARIANTS.map((variant) => startChild('./children/adapters.mjs', { framework, variant }));
    try {
      const ports = await Promise.all(servers.map(async (server) => (await server.next()).port));
      for (const port of ports) await request(port, WARM_UP);
      const costs = VARIANTS.map(() => []);
      for (let round = 0; round < runs; round += 1) {
        note(`${framework} ${round + 1}/${runs}`);
        for (const [at, server] of servers.entries()) {
          await server.ask('start');
          await request(ports[at], events);
          costs[at].push((await server.ask('stop')).cpuUs / events);
        }
      }
      note('');
      // Within a round the machine is the same for all of them.
      const beyond = (at) => median(costs[at].map((cost, round) => cost - costs[0][round]));
      rows.push({ framework, bare: median(costs[0]), adapter: beyond(1), asked: beyond(2), opened: beyond(3) });
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  }
  table([
    ['framework', 'bare', '+ adapter', '+ asked who it is', '+ read for an event', '× adapter'],
    ...rows.map(({ framework, bare, adapter, asked, opened }) => [
      framework,
      ...[bare, adapter, asked, opened].map((us) => fixed(us)),
      fixed(1 + adapter / bare, 2),
    ]),
  ]);
  for (const { framework, ...row } of rows) {
    const verdicts = VARIANTS.slice(1).map(
      (variant) => `${variant} ${fixed(row[variant])} ${verdict(row[variant] <= MAX_US)}`,
    );
    console.log(`${framework}, at most ${MAX_US} µs: ${verdicts.join(', ')}`);
  }
  return [];
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
