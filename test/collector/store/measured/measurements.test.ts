import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { resolveExperiment } from '../../../../src/collector/experiments/config.js';
import type { Experiment } from '../../../../src/collector/experiments/experiment.js';
import { attribute } from '../../../../src/collector/measuring/attribution.js';
import { dailyOf } from '../../../../src/collector/queries/daily-report.js';
import { asGoal, measureExperiment, toMeasured } from '../../../../src/collector/queries/report.js';
import type { ArrivedRow } from '../../../../src/collector/store/collected-event.js';
import { forgetVisitor } from '../../../../src/collector/store/forget-visitor.js';
import { createMeasurements } from '../../../../src/collector/store/measured/measurements.js';
import { toLogEntry } from '../../../../src/collector/store/to-log-entry.js';
import type { Database, SqlValue } from '../../../../src/sqlite/database.js';
import { countedSessions } from '../../queries/counted-units.js';
import { type OpenedStore, openStore } from '../opened-store.js';

const FROM = { source: 'shop', isTest: false };
const MINUTE = 60_000;
const NOW = Date.UTC(2026, 0);
const START = NOW - 500 * MINUTE;
const DAYS = ['2025-12-31', '2026-01-01'] as const;

const name = fc.constantFrom('1', '2', '3');
const minute = fc.constantFrom(0, 1, 2, 3, 33, 34, 70, 390, 400, 420);
const key = fc.constantFrom('x', 'y');

const row = fc.record({
  minute,
  names: fc.record({ userId: name, externalId: name, email: name }, { requiredKeys: ['userId'] }),
  sid: fc.constantFrom('s1', 's2', `${NOW - 850 * MINUTE}`, undefined),
  byBrowser: fc.boolean(),
  id: fc.constantFrom(undefined, undefined, undefined, 'd1', 'd2'),
  is_bot: fc.constantFrom(false, false, false, true),
  what: fc.oneof(
    fc.constantFrom('purchase', 'purchase', 'Purchase', 'add_to_cart', 'page_viewed', '$identify'),
    fc.tuple(fc.constantFrom('x', 'x', 'y', 'z'), fc.constantFrom('a', 'b', 'c')),
  ),
});
type Row = typeof row extends fc.Arbitrary<infer One> ? One : never;

/** Everything that can happen to a collector's file. Few names, sessions and times, so that everything meets everything. */
const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('arrive' as const),
      rows: fc.oneof({ weight: 3, arbitrary: row.map((one) => [one]) }, fc.array(row, { minLength: 2, maxLength: 5 })),
    }),
  },
  fc.record({ do: fc.constant('forget' as const), name }),
  fc.record({ do: fc.constant('restart' as const) }),
  fc.record({
    do: fc.constant('change' as const),
    key,
    minute,
    what: fc.constantFrom('run', 'pause', 'stop', 'again'),
  }),
  fc.record({ do: fc.constant('edit' as const), key, goal: fc.constantFrom('purchase', 'add_to_cart', 'page_viewed') }),
  fc.record({ do: fc.constant('remove' as const), key }),
  fc.record({ do: fc.constant('clear' as const), unlikely: fc.constantFrom(false, false, false, true) }),
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

const drafts = new Map(
  ['x', 'y'].map((one): [string, Experiment] => [
    one,
    resolveExperiment(
      { key: one, variants: [{ name: 'a' }, { name: 'b' }], secondary: ['add_to_cart'] },
      'purchase',
      0,
    ),
  ]),
);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ours-collector-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function open(file: string): OpenedStore {
  return openStore(file, { bots: 'block' }, NOW);
}

/** Does one step and returns the store, which is another one after a restart. */
function perform(opened: OpenedStore, one: Step, file: string, number: number): OpenedStore {
  const { store, experiments, database } = opened;
  switch (one.do) {
    case 'arrive':
      store.append(one.rows.map(toRow), NOW + number, FROM);
      return opened;
    case 'forget':
      forgetVisitor(database, { externalId: one.name }, false);
      return opened;
    case 'restart':
      database.close();
      return open(file);
    case 'change': {
      const known = experiments.find(one.key);
      if (known !== undefined) experiments.save({ ...known, ...changed(known, one) });
      return opened;
    }
    case 'edit': {
      const known = experiments.find(one.key);
      experiments.save({ ...(known ?? drafts.get(one.key)!), primary: one.goal });
      return opened;
    }
    case 'remove': {
      const known = experiments.find(one.key);
      if (known !== undefined) experiments.remove(known);
      return opened;
    }
    case 'clear':
      if (one.unlikely) store.clear();
      return opened;
  }
}

function changed(
  { runs, pauses }: Experiment,
  { what, minute: at }: Step & { readonly do: 'change' },
): Partial<Experiment> {
  const time = START + at * MINUTE;
  const [start, stop] = runs.at(-1) ?? [0, Number.POSITIVE_INFINITY];
  if (what === 'pause') return { pauses: [...pauses, [time, time + 2 * MINUTE]] };
  if (what === 'stop') return { runs: [...runs.slice(0, -1), [start, Math.min(stop, Math.max(start, time))]] };
  if (what === 'again' && Number.isFinite(stop))
    return { runs: [...runs, [Math.max(stop, time), Number.POSITIVE_INFINITY]] };
  return { runs: [[time, Number.POSITIVE_INFINITY]], pauses: [] };
}

function toRow({ minute: at, names, sid, byBrowser, is_bot, what, id }: Row): ArrivedRow {
  return {
    ...names,
    byBrowser,
    ...(id !== undefined && { distinctId: id }),
    time: START + at * MINUTE,
    defaultProperties: { ...(sid !== undefined && { sid }), ...(is_bot && { is_bot: 'true' }) },
    ...(typeof what === 'string'
      ? { event: what }
      : { event: '$experiment_impression', eventProperties: { experiment_key: what[0], variant_name: what[1] } }),
  };
}

/** Holds everything that the store answers against the measuring rules, applied to the whole log. */
function compare({ log, experiments, database }: OpenedStore): void {
  const lines = [...log.all()];
  // An impression of an experiment that was unknown when it arrived stays one of nothing.
  const stored = database.prepare('SELECT number FROM events WHERE experiment IS NULL').all() as { number: number }[];
  const ofNothing = new Set(stored.map(({ number }) => number));
  // A repeat that is only shown stays refused, even after the person of the first event was forgotten.
  const counted = lines.filter(({ verdict }) => verdict !== 'duplicate_id');
  const whole = counted.map(({ number, event }) =>
    toLogEntry(event, ofNothing.has(number) ? () => undefined : experiments.find),
  );
  for (const experiment of experiments.list()) {
    for (const eventName of [undefined, 'page_viewed', 'purchase']) {
      const asked = eventName === undefined ? experiment : asGoal(experiment, eventName);
      const pure = attribute(whole, { experiments: toMeasured([asked]), bots: 'block', now: NOW + 1_000 });
      expect(log.results(experiment, eventName)).toEqual(measureExperiment(asked, pure));
      expect(log.daily(experiment, ...DAYS, eventName)).toEqual(
        dailyOf(asked, countedSessions(asked, pure.units.get(asked.key)!), ...DAYS),
      );
    }
  }
  const page = log.events({ limit: 7 });
  expect(page).toEqual(lines.toReversed().slice(0, 7));
}

it('the counts equal those of the measuring rules after every step', () => {
  let files = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25, size: 'max' }), (steps) => {
      const file = join(folder, `${files++}.db`);
      let opened = open(file);
      for (const experiment of drafts.values()) opened.experiments.save(experiment);
      for (const [number, one] of steps.entries()) {
        opened = perform(opened, one, file, number);
        compare(opened);
      }
      opened.database.close();
    }),
    { numRuns: 120 },
  );
});

it('measuring events that arrive scans no table of events or sessions', () => {
  const { store, experiments, database } = openStore(':memory:', { bots: 'allow' }, NOW);
  for (const experiment of drafts.values()) {
    experiments.save({ ...experiment, runs: [[START, Number.POSITIVE_INFINITY]] });
  }
  const visit = (visitor: number): ArrivedRow[] => {
    const seen = { userId: `${visitor}`, byBrowser: true, time: START + MINUTE };
    const eventProperties = { experiment_key: 'x', variant_name: 'a' };
    return [
      { ...seen, event: '$experiment_impression', eventProperties },
      { ...seen, event: 'purchase', defaultProperties: { sid: `${visitor}` } },
    ];
  };
  const ran = new Map<string, readonly unknown[]>();
  const watched: Database = {
    exec: (sql) => database.exec(sql),
    close: () => database.close(),
    prepare(sql) {
      const statement = database.prepare(sql);
      const note = (values: readonly SqlValue[]): SqlValue[] => {
        ran.set(sql, values);
        return [...values];
      };
      return {
        run: (...values) => statement.run(...note(values)),
        get: (...values) => statement.get(...note(values)),
        all: (...values) => statement.all(...note(values)),
      };
    },
  };
  const measurements = createMeasurements(watched);
  measurements.catchUp();
  ran.clear();
  store.append([0, 1, 2].flatMap(visit), NOW, FROM);
  measurements.catchUp();

  const plans = [...ran].flatMap(([sql, values]) =>
    (database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...(values as SqlValue[])) as { detail: string }[]).map(
      ({ detail }) => detail,
    ),
  );
  expect(plans.length).toBeGreaterThan(10);
  expect(plans.filter((detail) => /^SCAN (e|x|j|c|events|exposures|joined|conversions|names)\b/.test(detail))).toEqual(
    [],
  );
});
