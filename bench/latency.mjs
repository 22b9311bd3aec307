import { LOAD_HEADER, loadRow } from './load-table.mjs';
import { complaints, heading, interleave, runLoad, table, verdict, whole, withSink } from './measure.mjs';

const DELAY_MS = 50;
const MIN_PER_SECOND = 25_000;

/** The same against a sink that answers after 50 ms: four senders must be under way all the time. */
export async function run({ runs = 5, events = 100_000 } = {}) {
  heading(`latency: ${DELAY_MS} ms of server latency, ${whole(events)} events, 500 rows × 4, medians of ${runs}`);
  const [floor, ours] = await withSink(async (sink, url) => {
    await sink.ask({ delayMs: DELAY_MS });
    return interleave(['floor', 'ours'], runs, (subject) =>
      runLoad(sink, { subject, url, rows: 500, events, warmUp: 2_000 }),
    );
  });
  table([LOAD_HEADER, loadRow('floor', floor), loadRow('ours', ours)]);
  console.log(`events/s ≥ ${whole(MIN_PER_SECOND)}: ${verdict(ours.perSecond >= MIN_PER_SECOND)}`);
  return complaints('latency', ours);
}
