import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../../src/core/refusal.js';
import { type Batch, cut, frameBytes, toBatches, toRequest } from '../../src/delivery/batch.js';
import { fromBytes } from '../../src/protocol/bytes.js';
import type { Entry } from '../../src/protocol/event.js';
import { exactReading } from '../../src/protocol/time.js';
import { NOW, track } from '../protocol/encoding.js';
import { hostileMap } from '../protocol/hostile.js';
import { identifyEntry, idsOf, trackEntry } from '../support/entries.js';

const TOKEN = 'test_token';
const inStep = exactReading(NOW);

const shape = (batches: readonly Batch[]) => batches.map(({ kind, entries }) => [kind, ...idsOf(entries)]);
const sent = (batch: Batch | undefined, clock = inStep) => {
  const { path, body } = toRequest(batch!, TOKEN, clock);
  return { path, body: JSON.parse(fromBytes(body)) };
};

describe('what was claimed is cut', () => {
  it('into nothing where there is nothing', () => {
    expect(toBatches([])).toEqual([]);
  });

  it('into one batch of all events, in their order', () => {
    expect(shape(toBatches(['a', 'b', 'c'].map((id) => trackEntry(id))))).toEqual([['track', 'a', 'b', 'c']]);
  });

  it('with people first, so that no event arrives before its person', () => {
    const entries = [trackEntry('t1'), identifyEntry('i1', { userId: 'u1' }), trackEntry('t2')];
    expect(shape(toBatches(entries))).toEqual([
      ['identify', 'i1'],
      ['track', 't1', 't2'],
    ]);
  });

  it('into one request a person', () => {
    const entries = [
      identifyEntry('i1', { userId: 'u1' }),
      identifyEntry('i2', { userId: 'u2' }),
      identifyEntry('i3', { userId: 'u1', email: 'ada@example.org' }),
      identifyEntry('i4', { email: 'ada@example.org' }),
    ];
    expect(shape(toBatches(entries))).toEqual([
      ['identify', 'i1', 'i3', 'i4'],
      ['identify', 'i2'],
    ]);
  });
});

describe('identifies stay apart and in order', () => {
  it.each(['userId', 'externalId', 'email'] as const)('when another %s stands in the same place', (field) => {
    const shared = field === 'email' ? { externalId: 'shared' } : { email: 'shared@example.org' };
    const entries = [
      identifyEntry('i1', { ...shared, [field]: 'one' }),
      identifyEntry('i2', { ...shared, [field]: 'two' }),
      identifyEntry('i3', { ...shared, [field]: 'two' }),
      identifyEntry('i4', { ...shared, [field]: 'one' }),
    ];
    expect(shape(toBatches(entries))).toEqual([
      ['identify', 'i1'],
      ['identify', 'i2', 'i3'],
      ['identify', 'i4'],
    ]);
  });

  it('when one names two people at once', () => {
    const entries = [
      identifyEntry('i1', { userId: 'u1' }),
      identifyEntry('i2', { email: 'ada@example.org' }),
      identifyEntry('i3', { userId: 'u1', email: 'ada@example.org' }),
      identifyEntry('i4', { userId: 'u1' }),
    ];
    expect(shape(toBatches(entries))).toEqual([
      ['identify', 'i1'],
      ['identify', 'i2'],
      ['identify', 'i3', 'i4'],
    ]);
  });

  it('when the same text is the visitor id of one and your own id of another', () => {
    const entries = [identifyEntry('i1', { userId: '42' }), identifyEntry('i2', { externalId: '42' })];
    expect(shape(toBatches(entries))).toEqual([
      ['identify', 'i1'],
      ['identify', 'i2'],
    ]);
  });
});

describe('merged identifies', () => {
  const merged = (...bodies: object[]) =>
    sent(toBatches(bodies.map((fields, index) => identifyEntry(`i${index}`, { userId: 'u1' }, fields)))[0]).body;

  it('are one row in which later values win and maps merge', () => {
    const row = merged(
      { userProperties: { city: 'Berlin', zip: '1', custom_properties: { plan: 'free', seats: '1' } } },
      { userProperties: { city: 'Paris', custom_properties: { plan: 'gold' } }, defaultProperties: { sid: '42' } },
    );
    expect(row).toEqual({
      token: TOKEN,
      userId: 'u1',
      userProperties: { city: 'Paris', zip: '1', custom_properties: { plan: 'gold', seats: '1' } },
      defaultProperties: { sid: '42' },
    });
  });

  it('clear what is cleared last and keep what is set last', () => {
    expect(merged({ userProperties: { city: 'Berlin' } }, { userProperties: { city: null } })).toMatchObject({
      userProperties: { city: null },
    });
    expect(merged({ userProperties: { city: null } }, { userProperties: { city: 'Berlin' } })).toMatchObject({
      userProperties: { city: 'Berlin' },
    });
  });

  it('have the later consent as a whole, as the service would after both, and custom properties of both', () => {
    const row = merged(
      { userProperties: { consent: { ads: 'yes', sale: 'yes' }, custom_properties: { consent: 'a', plan: 'free' } } },
      { userProperties: { consent: { ads: 'no' }, custom_properties: { plan: 'gold' } } },
      { userProperties: { city: 'Bern' } },
    );
    expect(row.userProperties).toEqual({
      consent: { ads: 'no' },
      custom_properties: { consent: 'a', plan: 'gold' },
      city: 'Bern',
    });
  });

  it('have no consent after one that clears it', () => {
    expect(
      merged({ userProperties: { consent: { ads: 'yes' } } }, { userProperties: { consent: null } }),
    ).toMatchObject({
      userProperties: { consent: null },
    });
  });

  it('know every name the person was given', () => {
    const entries = [
      identifyEntry('i1', { userId: 'u1' }),
      identifyEntry('i2', { userId: 'u1', email: 'ada@example.org' }),
      identifyEntry('i3', { email: 'ada@example.org', externalId: 'c1' }),
    ];
    expect(sent(toBatches(entries)[0])).toEqual({
      path: '/identify',
      body: { token: TOKEN, userId: 'u1', email: 'ada@example.org', externalId: 'c1', userProperties: {} },
    });
  });
});

describe('every claim, whatever people are in it,', () => {
  const name = fc.option(fc.constantFrom('1', '2', '3'), { nil: undefined });
  const who = fc.record({ userId: name, externalId: name, email: name });
  const entries = fc
    .array(fc.tuple(fc.boolean(), who), { maxLength: 20 })
    .map((list) => list.map(([isTrack, one], index) => (isTrack ? trackEntry : identifyEntry)(String(index), one)));

  it('is sent once and whole', () => {
    fc.assert(
      fc.property(entries, (claimed) => {
        const all = toBatches(claimed).flatMap((batch) => idsOf(batch.entries));
        expect(all.toSorted()).toEqual(idsOf(claimed).toSorted());
      }),
    );
  });

  it('sends identifies that share a name in their order, never two different names of a kind in one', () => {
    fc.assert(
      fc.property(entries, (claimed) => {
        const batches = toBatches(claimed);
        const order = batches.flatMap((batch) => batch.entries.filter(({ kind }) => kind === 'identify'));
        for (const [position, later] of order.entries()) {
          for (const earlier of order.slice(0, position)) {
            const shares = (['userId', 'externalId', 'email'] as const).some(
              (field) => later[field] !== undefined && later[field] === earlier[field],
            );
            if (shares) expect(Number(earlier.distinctId)).toBeLessThan(Number(later.distinctId));
          }
        }
        for (const { kind, entries: inBatch } of batches) {
          if (kind === 'track') continue;
          for (const field of ['userId', 'externalId', 'email'] as const) {
            const names = new Set(inBatch.map((entry) => entry[field]).filter((one) => one !== undefined));
            expect(names.size).toBeLessThanOrEqual(1);
          }
        }
      }),
    );
  });
});

describe('a batch', () => {
  it('has pieces that are all of it, in order, none empty and none above the size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 60 }), (count, size) => {
        const entries = Array.from({ length: count }, (_, index) => trackEntry(String(index)));
        const pieces = cut({ kind: 'track', entries }, size);
        expect(pieces.flatMap((piece) => piece.entries)).toEqual(entries);
        expect(pieces).toHaveLength(Math.ceil(count / size));
        for (const piece of pieces) {
          expect(piece.kind).toBe('track');
          expect(piece.entries.length).toBeGreaterThan(0);
          expect(piece.entries.length).toBeLessThanOrEqual(size);
        }
      }),
    );
  });

  it('adds as many bytes to its rows as its frame says, and a comma between two', () => {
    const entries = ['a', 'b', 'c'].map((id) => trackEntry(id));
    const rows = entries.reduce((sum, { body }) => sum + body.length, 0);
    const { body } = toRequest({ kind: 'track', entries }, 'töken', inStep);
    expect(body.length).toBe(frameBytes('töken') + rows + 2);
  });

  it('goes to /batch with the token beside the rows', () => {
    const batch: Batch = { kind: 'track', entries: [trackEntry('a', { userId: 'u1' })] };
    expect(sent(batch)).toEqual({
      path: '/batch',
      body: { token: TOKEN, events: [{ time: 0, event: 'purchase', distinctId: 'a', userId: 'u1' }] },
    });
  });

  it('may have a token with any characters', () => {
    const { body } = toRequest({ kind: 'track', entries: [trackEntry('a')] }, 'a"b\\c', inStep);
    expect(JSON.parse(fromBytes(body)).token).toBe('a"b\\c');
  });

  it('is JSON that keeps every row’s text, whatever the rows hold', () => {
    fc.assert(
      fc.property(fc.array(hostileMap(), { minLength: 1, maxLength: 5, size: 'max' }), (makers) => {
        const entries = makers
          .map((make) => trackOrRefuse(make()))
          .filter((one): one is Entry => !(one instanceof Refusal));
        const text = fromBytes(toRequest({ kind: 'track', entries }, TOKEN, inStep).body);
        for (const entry of entries) expect(text).toContain(fromBytes(entry.body));
        expect(JSON.parse(text).events).toEqual(entries.map((entry) => JSON.parse(fromBytes(entry.body))));
      }),
    );
  });
});

/** Encoding may throw what a hostile getter throws; the client takes that for a refusal. */
function trackOrRefuse(eventProperties: unknown): Entry | Refusal {
  try {
    return track({ eventProperties });
  } catch {
    return new Refusal('unreadable', '');
  }
}

describe('the time of a row', () => {
  const HOUR_MS = 3_600_000;
  const fast = { ...exactReading(NOW), local: NOW + HOUR_MS };

  it('replaces a wrong one and leaves the rest of the text as it is', () => {
    const entry = trackEntry('a', { userId: 'u1' }, NOW + HOUR_MS - 1000);
    const text = fromBytes(toRequest({ kind: 'track', entries: [entry] }, TOKEN, fast).body);
    expect(text).toContain(fromBytes(entry.body).replace(String(NOW + HOUR_MS - 1000), String(NOW - 1000)));
  });

  it('is found in what the encoder wrote, whatever else looks like it', () => {
    const entry = track({ event: 'a "time":1 trap', eventProperties: { time: NOW } }, { local: NOW + HOUR_MS });
    if (entry instanceof Refusal) throw new Error(entry.message);
    expect(sent({ kind: 'track', entries: [entry] }, fast).body.events[0]).toMatchObject({
      time: NOW,
      event: 'a "time":1 trap',
      eventProperties: { time: String(NOW) },
    });
  });
});
