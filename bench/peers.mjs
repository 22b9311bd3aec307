import { FIRST_REQUESTS, measureFirstRequest } from './cold.mjs';
import { installPeers } from './install.mjs';
import { LOAD_HEADER, loadRow } from './load-table.mjs';
import { complaints, fixed, heading, interleave, ratioOf, runLoad, table, whole, withSink } from './measure.mjs';
import { run as runOutage } from './outage.mjs';
import { ROSTER, select } from './subjects/roster.mjs';

const SHAPE = '11 mixed';
const FLOORS = [
  { name: 'floor, 500 rows', subject: 'floor', rows: 500 },
  { name: 'floor, 100 rows', subject: 'floor', rows: 100 },
];
const COLD_RUNS = 9;

/** Everybody beside the floor: as many events as they take, without warm-up, then the first event of a fresh process, then an outage. */
export async function run({ runs = 5, events = 100_000, only } = {}) {
  installPeers();
  const roster = [...FLOORS, ...select(ROSTER, only)];
  heading(`peers: ${whole(events)} events of the shape ${SHAPE}, without warm-up, medians of ${runs}`);
  const results = await withSink((sink, url) =>
    interleave(roster, runs, ({ name: _, ...config }) =>
      runLoad(sink, { ...config, url, shape: SHAPE, events: Math.min(events, config.events ?? events) }),
    ),
  );
  const [floor] = results;
  table([
    [...LOAD_HEADER, 'CPU × floor, 500 rows'],
    ...results.map((result, at) => {
      const { name, events: fewer } = roster[at];
      const label = fewer < events ? `${name} (${whole(fewer)} events)` : name;
      return [...loadRow(label, result), fixed(ratioOf(result, floor, 'cpuUs'), 2)];
    }),
  ]);
  const failures = results.flatMap((result, at) => {
    const isOurs = roster[at].subject === 'ours';
    // That others lose events is a finding; that anybody talks to the outside would be our mistake.
    return complaints(roster[at].name, isOurs ? result : { strangers: result.strangers });
  });
  await withSink((_sink, url) => measureFirstRequest('ESM', FIRST_REQUESTS, Number(new URL(url).port), COLD_RUNS));
  return [...failures, ...(await runOutage({ only }))];
}
