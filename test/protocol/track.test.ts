import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../../src/core/refusal.js';
import { encodeTrack, type TrackInput } from '../../src/protocol/event.js';
import { contextOf, identify, NOW, refusalOf, rowOf, track } from './encoding.js';
import { hostileMap } from './hostile.js';

const CANARY = 'canary-7f3a';
const long = (length: number): string => CANARY + 'x'.repeat(length - CANARY.length);

describe('an event', () => {
  it('is the row the service documents, with the time first', () => {
    const entry = track({
      userId: 'visitor-1',
      externalId: 'customer-1',
      email: 'ada@example.org',
      sessionId: 'sid_1773489600000',
      distinctId: 'purchase:1',
      time: NOW - 1000,
      eventProperties: { value: 49.9, coupon: null },
      userProperties: { city: 'Berlin' },
      defaultProperties: { current_url: 'https://shop.example/thanks' },
      identityContext: { ip: '203.0.113.7', userAgent: 'Mozilla/5.0' },
    });
    expect(rowOf(entry)).toEqual({
      time: NOW - 1000,
      event: 'purchase',
      distinctId: 'purchase:1',
      userId: 'visitor-1',
      externalId: 'customer-1',
      email: 'ada@example.org',
      eventProperties: { value: '49.9', coupon: null },
      userProperties: { city: 'Berlin' },
      defaultProperties: { current_url: 'https://shop.example/thanks', sid: '1773489600000' },
      identityContext: { ip: '203.0.113.7', userAgent: 'Mozilla/5.0' },
    });
    expect(Object.keys(rowOf(entry))[0]).toBe('time');
  });

  it('holds nothing that was not given but a time and a distinctId', () => {
    expect(rowOf(track({}))).toEqual({ time: NOW, event: 'purchase', distinctId: 'random-1', userId: 'visitor-1' });
  });

  it('has a distinctId of its own before it is sent, the same on the entry and on the wire', () => {
    const entry = track({});
    expect(entry).toMatchObject({ kind: 'track', distinctId: 'random-1', event: 'purchase', time: NOW });
    expect(rowOf(entry).distinctId).toBe('random-1');
  });

  it('does not change when what it was made of changes afterwards', () => {
    const eventProperties = { items: [{ sku: 'a' }], value: 1 };
    const userProperties = { custom_properties: { plan: 'gold' } };
    const entry = track({ eventProperties, userProperties });
    const before = rowOf(entry);
    eventProperties.items.push({ sku: 'b' });
    eventProperties.value = 2;
    userProperties.custom_properties.plan = 'none';
    expect(rowOf(entry)).toEqual(before);
    expect(before.eventProperties).toEqual({ items: '[{"sku":"a"}]', value: '1' });
  });

  it('holds nothing that an enumerable property of Object.prototype would add', () => {
    const person = { userProperties: { city: 'Bern' }, defaultProperties: { host: 'h' } };
    const event = { ...person, eventProperties: { a: 'b' } };
    const expected = [rowOf(track(event)), rowOf(identify(person))];
    Object.defineProperty(Object.prototype, 'polluted', { value: 'x', enumerable: true, configurable: true });
    const rows = [track(event), identify(person)];
    delete (Object.prototype as { polluted?: string }).polluted;
    expect(rows.map(rowOf)).toEqual(expected);
  });

  it('is whole although reading it tracks another event', () => {
    let inner: unknown;
    const eventProperties = {
      first: 'a',
      get second() {
        inner = rowOf(track({ eventProperties: { own: 'inner' } }));
        return 'b';
      },
      third: 'c',
    };
    expect(rowOf(track({ eventProperties })).eventProperties).toEqual({ first: 'a', second: 'b', third: 'c' });
    expect(inner).toMatchObject({ eventProperties: { own: 'inner' } });
  });

  it('sends no properties where null was given for them', () => {
    expect(rowOf(track({ eventProperties: null, userProperties: null, defaultProperties: null }))).toEqual(
      rowOf(track({})),
    );
  });
});

describe('the length of a field', () => {
  it.each([
    ['event', 1000],
    ['userId', 400],
    ['externalId', 400],
    ['distinctId', 400],
    ['email', 1000],
  ])('%s may be %i and no more, and the refusal says both numbers and not the value', (field, limit) => {
    expect(rowOf(track({ [field]: long(limit) }))[field]).toHaveLength(limit);
    expect(rowOf(track({ [field]: 'x' }))[field]).toBe('x');
    const { code, message } = refusalOf(track({ [field]: long(limit + 1) }));
    expect(code).toBe('invalid_field');
    expect(message).toBe(`${field} must be a string of 1–${limit} characters; got ${limit + 1} characters.`);
  });

  it.each(['event', 'distinctId'])('of %s is at least 1', (field) => {
    expect(refusalOf(track({ [field]: '' }))).toMatchObject({
      code: 'invalid_field',
      message: expect.stringMatching(new RegExp(`^${field} .*got 0 characters`)),
    });
  });
});

describe('an identifier', () => {
  it.each(['userId', 'externalId', 'email', 'distinctId', 'event'])(
    'that is no text is refused: %s as a number, an object, a promise or a symbol',
    (field) => {
      expect(refusalOf(track({ [field]: 12345 })).message).toMatch(new RegExp(`^${field} must be .*got a number\\.$`));
      expect(refusalOf(track({ [field]: { id: CANARY } })).message).toMatch(/got an object\.$/);
      expect(refusalOf(track({ [field]: Promise.resolve(CANARY) })).message).toMatch(
        /got a promise that was not awaited\.$/,
      );
      expect(refusalOf(track({ [field]: Symbol(CANARY) })).message).toMatch(/got a symbol\.$/);
    },
  );

  it('of the three is needed; empty and null ones name nobody', () => {
    const { code, message } = refusalOf(track({ userId: '', externalId: null, email: undefined }));
    expect(code).toBe('no_identity');
    for (const field of ['userId', 'externalId', 'email']) expect(message).toContain(field);
  });

  it.each(['userId', 'externalId', 'email'])('is enough by itself: %s', (field) => {
    expect(rowOf(track({ userId: undefined, [field]: 'someone' }))[field]).toBe('someone');
  });

  it('that is empty beside another one is left out', () => {
    expect(rowOf(track({ externalId: '', email: null }))).not.toHaveProperty('externalId');
  });
});

describe('an event name', () => {
  it('that starts with $ is reserved, and $identify has a method of its own', () => {
    expect(refusalOf(track({ event: '$experiment_impression' }))).toMatchObject({
      code: 'reserved_name',
      message: expect.stringContaining("'$'"),
    });
    expect(refusalOf(track({ event: '$identify' })).message).toContain('identify()');
  });

  it('may hold a $ elsewhere', () => {
    expect(rowOf(track({ event: 'us$ paid' })).event).toBe('us$ paid');
  });
});

describe('the session', () => {
  const sidOf = (fields: object): unknown => rowOf(track(fields)).defaultProperties?.sid;

  it('travels as defaultProperties.sid without the prefix of the cookie', () => {
    expect(sidOf({ sessionId: 'sid_1773489600000' })).toBe('1773489600000');
    expect(sidOf({ sessionId: '1773489600000' })).toBe('1773489600000');
  });

  it('may be any opaque text', () => {
    expect(sidOf({ sessionId: 'A session/42' })).toBe('A session/42');
  });

  it('may come as the number it is in the browser', () => {
    expect(sidOf({ sessionId: 1773489600000 })).toBe('1773489600000');
    expect(sidOf({ defaultProperties: { sid: 1773489600000 } })).toBe('1773489600000');
  });

  it.each([
    [undefined],
    [null],
    [''],
    ['undefined'],
    ['null'],
    ['sid_'],
    ['sid_undefined'],
    ['sid_null'],
    [Number.NaN],
  ])('is none where %j came', (sessionId) => {
    expect(rowOf(track({ sessionId }))).not.toHaveProperty('defaultProperties');
    expect(sidOf({ defaultProperties: { sid: sessionId, title: 'Shop' } })).toBeUndefined();
  });

  it('is taken from defaultProperties where it stands there, prefix and all', () => {
    expect(sidOf({ defaultProperties: { sid: 'sid_42' } })).toBe('42');
  });

  it('given by itself wins over the one among the properties, unless it says nothing', () => {
    expect(sidOf({ sessionId: 'mine', defaultProperties: { sid: 'theirs' } })).toBe('mine');
    expect(sidOf({ sessionId: 'undefined', defaultProperties: { sid: 'theirs' } })).toBe('theirs');
  });
});

describe('the identity context', () => {
  it.each([
    ['no user agent', { ip: '203.0.113.7' }],
    ['no address', { userAgent: 'Mozilla/5.0' }],
    ['an empty address', { ip: '', userAgent: 'Mozilla/5.0' }],
    ['an address that is no text', { ip: 7, userAgent: 'Mozilla/5.0' }],
    ['nothing', {}],
    ['null', null],
  ])('with %s is left out, and the event is sent', (_what, identityContext) => {
    expect(rowOf(track({ identityContext }))).toEqual(rowOf(track({})));
  });

  it('that is no object, or has a name that nobody reads, is refused', () => {
    expect(refusalOf(track({ identityContext: 'x' })).message).toBe(
      'identityContext must be an object of names and values; got a string.',
    );
    expect(refusalOf(track({ identityContext: { ip: '203.0.113.7', user_agent: CANARY } }))).toEqual(
      new Refusal('unknown_field', "identityContext has an unknown field: 'user_agent' (did you mean userAgent?)."),
    );
  });
});

describe('a map', () => {
  it.each(['eventProperties', 'userProperties', 'defaultProperties'])(
    'that is none is refused with its name and the type that came: %s',
    (field) => {
      expect(refusalOf(track({ [field]: CANARY }))).toEqual(
        new Refusal('invalid_field', `${field} must be an object of names and values; got a string.`),
      );
      expect(refusalOf(track({ [field]: [CANARY] })).message).toMatch(/got an array\.$/);
      expect(refusalOf(track({ [field]: () => CANARY })).message).toMatch(/got a function\.$/);
    },
  );
});

describe('a call that is given no object', () => {
  it.each([
    [undefined, 'nothing'],
    [null, 'null'],
    [CANARY, 'a string'],
    [42, 'a number'],
  ])('is refused: %j', (input, came) => {
    expect(refusalOf(encodeTrack(input as unknown as TrackInput, contextOf())).message).toBe(
      `track() takes one object; got ${came}.`,
    );
  });
});

describe('an event that is too large', () => {
  it('is measured in UTF-8 bytes and refused one byte above the limit, with both numbers', () => {
    const fields = { eventProperties: { note: '€'.repeat(100) } };
    const entry = track(fields);
    if (entry instanceof Refusal) throw new Error(entry.message);
    const bytes = entry.body.length;
    expect(bytes).toBe(new TextEncoder().encode(JSON.stringify(rowOf(entry))).length);
    expect(track(fields, { maxBytes: bytes })).not.toBeInstanceOf(Refusal);
    const { code, message } = refusalOf(track(fields, { maxBytes: bytes - 1 }));
    expect(code).toBe('event_too_large');
    expect(message).toContain(`'purchase' is ${bytes} bytes; the limit is ${bytes - 1}.`);
  });

  it.each([
    ['a nested value', { rows: Array(10_000).fill({ id: 1 }) }],
    ['a string', { note: long(50_000) }],
    ['many properties', Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`name ${at}`, long(40)]))],
  ])('is refused as a whole where %s exceeds the limit, and nothing is called unreadable', (_what, eventProperties) => {
    const unreadable: string[] = [];
    const encoding = { maxBytes: 10_000, onUnreadable: (_event: string, name: string) => unreadable.push(name) };
    const { code, message } = refusalOf(track({ eventProperties }, encoding));
    expect([code, message]).toEqual([
      'event_too_large',
      "event 'purchase' is over 10000 bytes; the limit is 10000. Send a reference instead of the content.",
    ]);
    expect(refusalOf(track({ userProperties: eventProperties }, encoding)).code).toBe('event_too_large');
    expect(refusalOf(track({ defaultProperties: eventProperties }, encoding)).code).toBe('event_too_large');
    expect(unreadable).toEqual([]);
  });

  it('is refused without a word of its content', () => {
    const { message } = refusalOf(track({ eventProperties: { note: long(5000) } }, { maxBytes: 1000 }));
    expect(message).not.toContain(CANARY);
  });
});

describe('a refusal', () => {
  it.each([
    ['a name that is too long', { event: long(1001) }],
    ['a reserved name', { event: `$${CANARY}` }],
    ['a userId that is too long', { userId: long(401) }],
    ['an email that is too long', { email: long(1001) }],
    ['a distinctId that is too long', { distinctId: long(401) }],
    ['an identifier of the wrong type', { externalId: [CANARY] }],
    ['properties of the wrong type', { eventProperties: CANARY }],
    ['a time of the wrong type', { time: CANARY }],
    ['an event without identity', { userId: null, eventProperties: { note: CANARY } }],
  ])('of %s never repeats the value', (_what, fields) => {
    expect(refusalOf(track(fields)).message).not.toContain(CANARY);
  });
});

describe('whatever is in an event', () => {
  it('its maps never make encoding throw, and the row is JSON with flat event properties', () => {
    fc.assert(
      fc.property(hostileMap(), hostileMap('consent', 'custom_properties', 'email'), hostileMap(), (a, b, c) => {
        const row = rowOf(track({ eventProperties: a(), userProperties: b(), defaultProperties: c() }));
        for (const value of Object.values(row.eventProperties)) {
          expect(value === null || typeof value === 'string').toBe(true);
        }
        expect(row).toMatchObject({ event: 'purchase', userId: 'visitor-1', time: NOW });
      }),
    );
  });
});
