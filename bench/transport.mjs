import { fixed, heading, interleave, runLoad, table, whole, withSink } from './measure.mjs';
import { TRANSPORTS } from './subjects/transport.mjs';

/** What the HTTP client alone costs: why we call undici's dispatch and not fetch. */
export async function run({ runs = 5, events = 100_000 } = {}) {
  for (const rows of [500, 100]) {
    heading(`transport: bare JSON.stringify, ${whole(events)} events, ${rows} rows × 4, medians of ${runs}`);
    const results = await withSink((sink, url) =>
      interleave(TRANSPORTS, runs, (transport) =>
        runLoad(sink, { subject: 'transport', transport, url, rows, events, warmUp: 2_000 }),
      ),
    );
    const [{ cpuUs: fetchUs }] = results;
    table([
      ['transport', 'CPU µs/event', 'of fetch', 'events/s', 'peak RSS MB', 'stall max ms', 'sockets'],
      ...results.map(({ cpuUs, perSecond, rssMb, stallMs, sockets }, at) => [
        TRANSPORTS[at],
        fixed(cpuUs, 2),
        fixed(cpuUs / fetchUs, 2),
        whole(perSecond),
        fixed(rssMb, 0),
        fixed(stallMs),
        sockets,
      ]),
    ]);
  }
  return [];
}
