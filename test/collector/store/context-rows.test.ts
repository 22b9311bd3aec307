import fc from 'fast-check';
import { expect, it } from 'vitest';
import { resolveExperiment } from '../../../src/collector/experiments/config.js';
import { attribute } from '../../../src/collector/measuring/attribution.js';
import { createLogReader } from '../../../src/collector/queries/log-reader.js';
import { asGoal, measureExperiment, toMeasured } from '../../../src/collector/queries/report.js';
import type { ArrivedRow } from '../../../src/collector/store/collected-event.js';
import { createMeasurements } from '../../../src/collector/store/measured/measurements.js';
import { toLogEntry } from '../../../src/collector/store/to-log-entry.js';
import type { Database } from '../../../src/sqlite/database.js';
import { openStore } from './opened-store.js';

const FROM = { source: 'shop', isTest: false };
const MINUTE = 60_000;
const NOW = Date.UTC(2026, 0);

const experiments = ['x', 'y'].map((key) =>
  resolveExperiment({ key, variants: [{ name: 'a' }, { name: 'b' }], secondary: ['add_to_cart'] }, 'purchase', 0),
);

const name = fc.constantFrom('1', '2');
const seen = fc.record({
  minute: fc.constantFrom(0, 1, 2, 3, 33, 34, 70, 390, 400),
  names: fc.record({ userId: name, externalId: name }, { requiredKeys: ['userId'] }),
  sid: fc.constantFrom('s1', 's2', `${NOW - 850 * MINUTE}`, undefined),
  byBrowser: fc.boolean(),
  what: fc.oneof(
    fc.constantFrom('purchase', 'Purchase', 'add_to_cart', 'page_viewed', '$identify'),
    fc.tuple(fc.constantFrom('x', 'y', 'z'), fc.constantFrom('a', 'b', 'c')),
  ),
});

function toRow(
  { minute, names, sid, byBrowser, what }: typeof seen extends fc.Arbitrary<infer Seen> ? Seen : never,
  id: number,
): ArrivedRow {
  return {
    ...names,
    byBrowser,
    distinctId: `${id}`,
    time: NOW - 500 * MINUTE + minute * MINUTE,
    ...(sid !== undefined && { defaultProperties: { sid } }),
    ...(typeof what === 'string'
      ? { event: what }
      : { event: '$experiment_impression', eventProperties: { experiment_key: what[0], variant_name: what[1] } }),
  };
}

it('the rows that the store reads give the same counts, verdicts and warnings as the whole log', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(seen, { maxLength: 30, size: 'max' }), async (all) => {
      const { database, store, experiments: known, log } = openStore(':memory:', { bots: 'allow' }, NOW);
      for (const experiment of experiments) known.save(experiment);
      store.append(all.map(toRow), NOW, FROM);

      const whole = log.collected().map((event) => toLogEntry(event, known.find));
      const measured = attribute(whole, { experiments: toMeasured(experiments), bots: 'allow', now: NOW });
      const lines = [...log.all()];
      expect(lines.map(({ verdict }) => verdict)).toEqual(measured.verdicts);
      expect(lines.map(({ warnings }) => [...warnings])).toEqual(lines.map((_, at) => measured.warnings.get(at) ?? []));
      // A page, which reads only the rows that decide its verdicts.
      for (const event of ['', 'purchase', 'impression']) {
        const page = log.events({ limit: 5, event });
        expect(page).toEqual(page.map(({ number }) => lines[number - 1]));
      }
      for (const experiment of experiments) {
        expect(log.results(experiment)).toEqual(measureExperiment(experiment, measured));
        const other = asGoal(experiment, 'page_viewed');
        expect(log.results(experiment, 'page_viewed')).toEqual(
          measureExperiment(other, attribute(whole, { experiments: toMeasured([other]), bots: 'allow', now: NOW })),
        );
      }
      database.close();
    }),
    { numRuns: 300 },
  );
});

it('showing the newest rows reads few rows, however many their visitor has sent', () => {
  const { database, store, experiments: known } = openStore(':memory:', { bots: 'allow' }, NOW);
  for (const experiment of experiments) known.save(experiment);
  const row = (id: number, event: string): ArrivedRow => ({
    event,
    userId: 'v',
    distinctId: `${id}`,
    time: NOW - MINUTE + id,
    defaultProperties: { sid: 's1' },
    ...(event.startsWith('$') && { eventProperties: { experiment_key: 'x', variant_name: 'a' } }),
  });
  const nameOf = (id: number): string => (id % 2 === 0 ? 'purchase' : 'page_viewed');
  const rows = Array.from({ length: 2_000 }, (_, id) => row(id, id === 0 ? '$experiment_impression' : nameOf(id)));
  store.append(rows, NOW, FROM);
  let read = 0;
  const counting: Database = {
    exec: (sql) => database.exec(sql),
    close: () => database.close(),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      return {
        run: (...values) => statement.run(...values),
        get: (...values) => statement.get(...values),
        all: (...values) => {
          const rows = statement.all(...values);
          read += rows.length;
          return rows;
        },
      };
    },
  };
  const log = createLogReader({
    database: counting,
    experiments: known,
    measurements: createMeasurements(counting),
    refused: () => [],
    now: () => NOW,
  });
  expect(log.events({ limit: 2 }).map(({ verdict }) => verdict)).toEqual(['not_a_goal', 'repeat_in_session']);
  expect(read).toBeLessThan(20);
  database.close();
});
