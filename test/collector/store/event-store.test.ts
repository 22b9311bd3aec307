import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { resolveExperiment } from '../../../src/collector/experiments/config.js';
import { type Collector, type CollectorOptions, createCollector } from '../../../src/collector/index.js';
import { outcomeOf } from '../../../src/collector/page/verdict-badge.js';
import { forgetVisitor } from '../../../src/collector/store/forget-visitor.js';
import type { WireTrack } from '../../../src/protocol/wire.js';
import { post, postRows, row, started } from '../posting.js';
import { openStore } from './opened-store.js';

const FROM = { source: 'shop', isTest: false };

function dataFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ours-collector-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'events.db');
}

function read(collector: Collector) {
  const report = collector.report();
  return { ...report, events: report.events };
}

const experiment = { key: 'x', variants: [{ name: 'a' }, { name: 'b' }], primary: 'purchase' } as const;

describe('a data file', () => {
  it('keeps events, repeats and verdicts after a restart', async () => {
    const options: CollectorOptions = { data: dataFile(), experiments: [experiment] };
    const before = await createCollector(options);
    await post(before, '/experiments/assignments/x', { token: 'exp_shop', visitor_id: 'visitor-1' });
    await postRows(before, row(), row());
    const report = read(before);
    await before.close();

    const after = await started(options);
    expect(read(after)).toEqual(report);
    expect(after.duplicates).toBe(1);
    expect((await postRows(after, row())).status).toBe(200);
    expect(after.events()).toHaveLength(2);
  });

  it('keeps the assignments', async () => {
    const options: CollectorOptions = { data: dataFile(), experiments: [{ ...experiment, type: 'personalization' }] };
    const ask = { token: 'exp_shop', visitor_id: 'visitor-1' };
    const before = await createCollector(options);
    await post(before, '/experiments/assignments/x', ask);
    const given = (await post(before, '/experiments/personalization', ask)).body;
    await before.close();
    const after = await started(options);
    expect((await post(after, '/experiments/personalization', ask)).body).toEqual(given);
    expect(given).toMatchObject({ personalizations: [{ experiment_key: 'x' }] });
  });

  it('keeps an experiment, whatever is configured later for its key', async () => {
    const data = dataFile();
    await (await createCollector({ data, experiments: [experiment] })).close();
    const after = await started({ data, experiments: [{ ...experiment, primary: 'signup' }] });
    await postRows(after, row());
    expect(after.report().events[0]!.verdict).toBe('not_in_experiment');
  });

  it('cannot be read by other users', async () => {
    const data = dataFile();
    await started({ data });
    expect(statSync(data).mode & 0o777).toBe(0o600);
  });

  it('used by two collectors does not merge visitors', async () => {
    const data = dataFile();
    const [one, other] = [await started({ data }), await started({ data })];
    await postRows(one, row({ userId: 'alice', distinctId: '1' }));
    await postRows(other, row({ userId: 'bob', distinctId: '2' }));
    const [bob, alice] = one.recent(2);
    expect(bob!.visitor).not.toBe(alice!.visitor);
  });

  it('that is not a database is named in the error, and stays unchanged', async () => {
    const data = dataFile();
    writeFileSync(data, 'a letter, not a database'.repeat(100));
    await expect(createCollector({ data })).rejects.toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining(data),
    });
    expect(statSync(data).size).toBe(2_400);
  });

  it('in a missing folder is named in the error', async () => {
    const data = join(dataFile(), 'missing', 'events.db');
    await expect(createCollector({ data })).rejects.toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining(data),
    });
  });

  it('of another version is refused with advice', async () => {
    const data = dataFile();
    const { database } = openStore(data);
    database.exec('PRAGMA user_version = 99');
    database.close();
    await expect(createCollector({ data })).rejects.toThrow(/format 99.*another file/);
  });
});

describe('the identity of visitors', () => {
  const name = fc.constantFrom('1', '2', '3', '4');
  const sighting = fc.record(
    { userId: name, externalId: name, email: name.map((one) => `${one}@example.com`) },
    { requiredKeys: [] },
  );

  it('depends on the names that were seen together, in any order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(sighting, { minLength: 1, maxLength: 12, size: 'max' }),
        fc.infiniteStream(fc.nat()),
        async (sightings, chance) => {
          const shuffled = sightings
            .map((one, place) => ({ one, place, key: chance.next().value as number }))
            .toSorted((a, b) => a.key - b.key);
          const inOrder = await groupsOf(sightings);
          const outOfOrder = await groupsOf(shuffled.map(({ one }) => one));
          // The numbers have no meaning, only which names share one.
          const sameVisitor = (visitors: number[], a: number, b: number): boolean => visitors[a] === visitors[b];
          for (const [a, from] of shuffled.entries()) {
            for (const [b, to] of shuffled.entries()) {
              expect(sameVisitor(outOfOrder, a, b)).toBe(sameVisitor(inOrder, from.place, to.place));
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  /** The visitor of each event. */
  async function groupsOf(sightings: readonly Partial<WireTrack>[]): Promise<number[]> {
    const { store, log, database } = openStore();
    const numbers = sightings.map((names, place) => {
      const [arrival] = store.append([{ event: 'seen', distinctId: `${place}`, ...names }], 1_000, FROM);
      return arrival?.kind === 'accepted' ? arrival.number : 0;
    });
    const byNumber = new Map([...log.all()].map((line) => [line.number, line.visitor]));
    database.close();
    return numbers.map((number) => byNumber.get(number)!);
  }

  it('is not learned from refused events', async () => {
    const { store, log } = openStore(':memory:', { allowedEvents: ['purchase'], bots: 'allow' });
    store.append([{ event: 'purchase', userId: 'a' }], 1_000, FROM);
    store.append([{ event: 'purchase', userId: 'b' }], 1_000, FROM);
    store.append([{ event: 'unlisted', userId: 'a', externalId: 'x' }], 1_000, FROM);
    store.append([{ event: 'purchase', userId: 'b', externalId: 'x' }], 1_000, FROM);
    const [a, b] = log.all();
    expect(a!.visitor).not.toBe(b!.visitor);
  });

  it('is not learned from repeated events', async () => {
    const { store, log } = openStore();
    store.append([{ event: 'purchase', userId: 'a', distinctId: '1' }], 1_000, FROM);
    store.append([{ event: 'purchase', userId: 'b' }], 1_000, FROM);
    store.append([{ event: 'purchase', userId: 'a', externalId: 'x', distinctId: '1' }], 1_000, FROM);
    store.append([{ event: 'purchase', userId: 'b', externalId: 'x' }], 1_000, FROM);
    const [a, b] = log.all();
    expect(a!.visitor).not.toBe(b!.visitor);
  });
});

describe('an id that two sources use', () => {
  const stranger = { ...row(), event: 'junk', distinctId: 'purchase:1001', userId: 'nobody' };
  const purchase = { ...row(), event: 'purchase', distinctId: 'purchase:1001', userId: 'buyer' };

  async function collision() {
    const collector = await started({ experiments: [experiment] });
    await post(collector, '/batch', { token: 'public_web', events: [stranger] });
    for (const _ of [1, 2]) await post(collector, '/batch', { token: 'server', events: [purchase] });
    return collector;
  }

  it('belongs to the first one, and the event of the other is shown with its verdict', async () => {
    const collector = await collision();
    const [shown, kept] = collector.recent(2);
    expect(kept).toMatchObject({ event: { event: 'junk' }, repeats: 0, warnings: [] });
    expect(shown).toMatchObject({
      event: { event: 'purchase', userId: 'buyer' },
      verdict: 'duplicate_id',
      warnings: ['id_used_by_another_source'],
      repeats: 1,
    });
    expect(collector.duplicates).toBe(2);
  });

  it('is marked on the page', async () => {
    const collector = await collision();
    const page = await (await fetch(collector.url)).text();
    expect(page).toContain('another source used this id first');
  });

  it('does not link visitors, and does not count', async () => {
    const collector = await collision();
    const sum = collector.report().experiments[0]!.variants.map(({ conversions }) => conversions);
    expect(sum).toEqual([0, 0]);
  });

  it('stores no token', async () => {
    const data = dataFile();
    const collector = await started({ data });
    await post(collector, '/batch', { token: 'secret_server_token', events: [purchase] });
    await collector.close();
    expect(readFileSync(data).includes('secret_server_token')).toBe(false);
  });
});

describe('a repeat of the same source', () => {
  const first = { event: 'purchase', distinctId: 'purchase:1', userId: 'buyer', defaultProperties: { sid: '1' } };

  function repeated(repeat: Partial<WireTrack>) {
    const { store, log } = openStore();
    store.append([first], 1_000, FROM);
    const [arrival] = store.append([{ event: 'purchase', distinctId: 'purchase:1', ...repeat }], 1_000, FROM);
    return { store, log, arrival };
  }
  const summary = (log: ReturnType<typeof openStore>['log']) =>
    [...log.all()].map(({ verdict, warnings, repeats }) => [verdict, warnings, repeats]);

  it.each([
    ['another visitor', { userId: 'stranger', sid: undefined }, 'id_used_for_another_visitor'],
    ['another visitor in another session', { userId: 'stranger', sid: '2' }, 'id_used_for_another_visitor'],
    ['another session', { userId: 'buyer', sid: '2' }, 'id_used_in_another_session'],
  ])('that names %s is shown once, with a warning and its own advice', (_, { userId, sid }, warning) => {
    const repeat = { userId, ...(sid !== undefined && { defaultProperties: { sid } }) };
    const { store, log, arrival } = repeated(repeat);
    expect(arrival).toMatchObject({ kind: 'duplicate', number: 2 });
    store.append([{ ...first, ...repeat }], 1_000, FROM);
    expect(summary(log)).toEqual([
      ['not_a_goal', [], 1],
      ['duplicate_id', [warning], 0],
    ]);
    expect(log.totals.duplicates).toBe(2);
    expect(outcomeOf([...log.all()][1]!).advice).toMatch(/visitor and session that the payment carries/);
  });

  it.each([
    ['names the same visitor and session', { userId: 'buyer', defaultProperties: { sid: 'sid_1' } }],
    ['names neither', {}],
    ['adds a name', { userId: 'buyer', externalId: 'c1' }],
  ])('that %s is only counted', (_, repeat) => {
    expect(summary(repeated(repeat).log)).toEqual([['not_a_goal', [], 1]]);
  });

  it('loses its warning when its names turn out to be the same visitor', () => {
    const { store, log } = repeated({ externalId: 'c1', defaultProperties: { sid: '1' } });
    expect(summary(log)[1]).toEqual(['duplicate_id', ['id_used_for_another_visitor'], 0]);
    store.append([{ event: '$identify', userId: 'buyer', externalId: 'c1' }], 1_000, FROM);
    expect(summary(log)[1]).toEqual(['duplicate_id', [], 0]);
  });

  it('shows no warning once the first event was forgotten', () => {
    const { database, store, log } = openStore();
    store.append([first, { ...first, userId: 'stranger' }], 1_000, FROM);
    forgetVisitor(database, { userId: 'buyer' }, false);
    expect(summary(log)).toEqual([['duplicate_id', [], 0]]);
  });
});

describe('an event that is refused by the ingest rules', () => {
  const purchase = { event: 'purchase', distinctId: 'purchase:1', userId: 'buyer' };
  const verdicts = (log: ReturnType<typeof openStore>['log']) =>
    [...log.all()].map(({ verdict, repeats }) => [verdict, repeats]);

  it('gives up its id again and again', () => {
    const { database, store, log } = openStore(dataFile(), { allowedEvents: ['purchase'], bots: 'allow' });
    const send = (event: string, userId: string) => store.append([{ ...purchase, event, userId }], 1_000, FROM)[0];
    send('unlisted', 'first');
    expect(send('purchase', 'buyer')).toMatchObject({ kind: 'accepted' });
    forgetVisitor(database, { userId: 'buyer' }, false);
    send('unlisted', 'third');
    expect(send('purchase', 'buyer')).toMatchObject({ kind: 'accepted' });
    expect(verdicts(log).map(([verdict]) => verdict)).toEqual(['not_allowlisted', 'not_allowlisted', 'not_a_goal']);
  });

  it('counts when it is sent again after its name was added to the allow-list', () => {
    const data = dataFile();
    const before = openStore(data, { allowedEvents: ['other'], bots: 'allow' });
    for (const _ of [1, 2]) before.store.append([purchase], 1_000, FROM);
    expect(verdicts(before.log)).toEqual([['not_allowlisted', 1]]);
    before.database.close();

    const after = openStore(data, { allowedEvents: ['purchase'], bots: 'allow' });
    const [arrival] = after.store.append([purchase], 1_000, FROM);
    expect(arrival).toMatchObject({ kind: 'accepted', number: 2 });
    after.store.append([purchase], 1_000, FROM);
    expect(verdicts(after.log)).toEqual([
      ['not_allowlisted', 1],
      ['not_a_goal', 1],
    ]);
    expect(after.log.events({ distinctId: 'purchase:1', limit: 10 })).toHaveLength(2);
    after.database.close();
  });

  it.each([
    ['time_out_of_range', { time: 9_000 }],
    ['bot', { defaultProperties: { is_bot: true } }],
  ])('counts when it is sent again without the reason for %s, also by another source', (refusal, refused) => {
    for (const source of ['shop', 'web']) {
      const { store, log } = openStore(':memory:', { bots: 'block' });
      store.append([{ ...purchase, ...refused }], 1_000, FROM);
      store.append([purchase], 1_000, { ...FROM, source });
      expect(verdicts(log)).toEqual([
        [refusal, 0],
        ['not_a_goal', 0],
      ]);
    }
  });
});

describe('the rows of one request', () => {
  it('are stored all or not at all', async () => {
    const { store, log } = openStore();
    const rows = Array.from({ length: 50 }, (_, id) => ({ event: 'purchase', userId: `${id}`, distinctId: `${id}` }));
    // SQLite takes it for null, which the column refuses.
    const invalid = { event: 'purchase', userId: 'a', time: Number.NaN };
    expect(() => store.append([...rows, invalid], 1_000, FROM)).toThrow(/NOT NULL/);
    expect([...log.all()]).toEqual([]);
    const arrivals = store.append(rows, 1_000, FROM);
    expect(arrivals.map((arrival) => [arrival.kind, arrival.number])).toEqual(
      rows.map((_, place) => ['accepted', place + 1]),
    );
  });

  const some = fc.constantFrom('1', '2', '3', '\ud800', '\udc00', '2\0a', '2\0b');
  const sent = fc.record(
    {
      event: fc.constantFrom('purchase', '$identify', 'bot'),
      distinctId: some,
      userId: some,
      externalId: some,
      time: fc.constantFrom(900, 5_000),
    },
    { requiredKeys: ['event'] },
  );
  const request = fc.record({
    rows: fc.array(sent, { minLength: 1, maxLength: 45, size: 'max' }),
    source: fc.constantFrom('shop', 'web'),
  });

  it('are stored like the same rows sent one by one', () => {
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 4 }), (requests) => {
        const [together, oneByOne] = [openStore(), openStore()];
        for (const { rows, source } of requests) {
          const from = { source, isTest: false };
          const arrivals = together.store.append(rows, 1_000, from);
          expect(rows.flatMap((row) => oneByOne.store.append([row], 1_000, from))).toEqual(arrivals);
        }
        const [lines, others] = [[...together.log.all()], [...oneByOne.log.all()]];
        // The numbers of visitors have no meaning, only which events share one.
        expect(lines.map((line) => ({ ...line, visitor: 0 }))).toEqual(others.map((line) => ({ ...line, visitor: 0 })));
        const shared = new Map(lines.map(({ visitor }, place) => [visitor, others[place]!.visitor]));
        expect(lines.map(({ visitor }) => shared.get(visitor))).toEqual(others.map(({ visitor }) => visitor));
        expect(new Set(shared.values()).size).toBe(shared.size);
        for (const { database } of [together, oneByOne]) database.close();
      }),
      { numRuns: 50 },
    );
  });
});

describe('reading the log', () => {
  it('finds rows by part of the event’s name, in any case, without patterns', async () => {
    const { store, log } = openStore();
    for (const event of ['Purchase', '100%', 'page_viewed', 'pageXviewed', 'back\\slash']) {
      store.append([{ event, userId: 'a' }], 1_000, FROM);
    }
    const found = (event: string): string[] => log.events({ event, limit: 10 }).map((line) => line.event.event);
    expect(found('purch')).toEqual(['Purchase']);
    expect(found('%')).toEqual(['100%']);
    expect(found('e_v')).toEqual(['page_viewed']);
    expect(found('k\\s')).toEqual(['back\\slash']);
  });

  it('finds rows by any name of their visitor', async () => {
    const { store, log } = openStore();
    store.append([{ event: 'first', userId: 'device-1' }], 1_000, FROM);
    store.append([{ event: 'other', userId: 'device-2' }], 1_000, FROM);
    store.append([{ event: 'second', userId: 'device-1', email: 'Ann@Example.com' }], 1_000, FROM);
    expect(log.events({ name: 'ann@', limit: 10 }).map(({ event }) => event.event)).toEqual(['second', 'first']);
  });

  it('goes back page by page, the newest first', async () => {
    const { store, log } = openStore();
    for (const event of ['1', '2', '3', '4', '5']) store.append([{ event, userId: event }], 1_000, FROM);
    const page = log.events({ limit: 2 });
    expect(page.map(({ event }) => event.event)).toEqual(['5', '4']);
    expect(log.events({ limit: 2, before: page[1]!.number }).map(({ event }) => event.event)).toEqual(['3', '2']);
  });

  it('measures again as soon as a row arrives or the experiment changes', () => {
    const { store, experiments, log } = openStore();
    experiments.save(resolveExperiment(experiment, undefined, 0));
    const shown = { event: '$experiment_impression', eventProperties: { experiment_key: 'x', variant_name: 'a' } };
    const seen = { userId: 'v', defaultProperties: { sid: '1' }, time: 1_000 };
    const counts = (eventName?: string): number[] => {
      const [a] = log.results(experiments.find('x')!, eventName).variants;
      return [a!.impressions, a!.conversions];
    };
    expect(counts()).toEqual([0, 0]);
    store.append([{ ...seen, ...shown }], 1_000, FROM);
    expect(counts()).toEqual([1, 0]);
    expect(counts()).toEqual([1, 0]);
    store.append([{ ...seen, event: 'purchase' }], 1_000, FROM);
    expect(counts()).toEqual([1, 1]);
    expect(counts('signup')).toEqual([1, 0]);
    experiments.save({ ...experiments.find('x')!, runs: [[0, 500]] });
    expect(counts()).toEqual([0, 0]);
  });

  it('returns nothing for an unknown visitor', async () => {
    const { log } = openStore();
    expect(log.visitor(7, 10)).toBeUndefined();
  });
});
