import { installPeers } from './install.mjs';
import { LOAD_HEADER, loadRow } from './load-table.mjs';
import { complaints, fixed, heading, interleave, runLoad, table, whole, withSink } from './measure.mjs';
import { run as runOutage } from './outage.mjs';
import { ROSTER, select } from './subjects/roster.mjs';

/** Events before the measured ones: what a process that has long been running pays. */
const WARM_UP = 2_000;
const FLOOR = { name: 'floor, 500 rows', subject: 'floor', rows: 500 };

/** Everybody beside the floor: as many events as they take, then an outage. */
export async function run({ runs = 3, events = 100_000, only } = {}) {
  installPeers();
  const roster = [FLOOR, ...select(ROSTER, only)];
  heading(`peers: ${whole(events)} events, medians of ${runs}`);
  const results = await withSink((sink, url) =>
    interleave(roster, runs, ({ name: _, ...config }) =>
      runLoad(sink, { ...config, url, warmUp: WARM_UP, events: Math.min(events, config.events ?? events) }),
    ),
  );
  const [floor] = results;
  table([
    [...LOAD_HEADER, 'CPU × floor'],
    ...results.map((result, at) => {
      const { name, events: fewer } = roster[at];
      const label = fewer < events ? `${name} (${whole(fewer)} events)` : name;
      return [...loadRow(label, result), fixed(result.cpuUs / floor.cpuUs)];
    }),
  ]);
  const failures = results.flatMap((result, at) => {
    const isOurs = roster[at].subject === 'ours';
    // That others lose events is a finding; that anybody talks to the outside would be our mistake.
    return complaints(roster[at].name, isOurs ? result : { strangers: result.strangers });
  });
  return [...failures, ...(await runOutage({ only }))];
}
