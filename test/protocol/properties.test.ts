import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OnUnreadable } from '../../src/protocol/properties.js';
import * as properties from '../../src/protocol/properties.js';
import * as maps from '../../src/protocol/property-maps.js';
import { TOO_LARGE } from '../../src/protocol/row-writer.js';
import { hostileMap } from './hostile.js';

const ignore = (): void => undefined;

const toText = (value: unknown, onUnreadable: OnUnreadable = ignore) =>
  properties.toText(value, 'it', onUnreadable, 1e6);
const toEventProperties = (input: object, onUnreadable: OnUnreadable) =>
  readable(maps.toEventProperties, input, onUnreadable);
const toUserProperties = (input: object, onUnreadable: OnUnreadable) =>
  readable(maps.toUserProperties, input, onUnreadable);
const toDefaultProperties = (input: object, onUnreadable: OnUnreadable) =>
  readable(maps.toDefaultProperties, input, onUnreadable);

/** The map, which must not be one that cannot be read. */
function readable<Output>(
  convert: (input: object, onUnreadable: OnUnreadable) => Output | undefined,
  input: object,
  onUnreadable: OnUnreadable,
): Output {
  const output = convert(input, onUnreadable);
  if (output === undefined) throw new Error('unreadable');
  return output;
}

describe('the text of a value', () => {
  it.each([
    ['text as it is', 'as is', 'as is'],
    ['an empty text', '', ''],
    ['a whole number', 42, '42'],
    ['a fraction', 49.9, '49.9'],
    ['a negative number', -1, '-1'],
    ['minus zero without its sign', -0, '0'],
    ['a large number in its usual notation', 1e21, '1e+21'],
    ['a bigint to its last digit', 9007199254740993n, '9007199254740993'],
    ['true', true, 'true'],
    ['false', false, 'false'],
    ['a date in ISO 8601, UTC', new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 6)), '2026-01-02T03:04:05.006Z'],
    ['a nested object as JSON', { a: { b: [1, 'x', null] } }, '{"a":{"b":[1,"x",null]}}'],
    ['a list as JSON', [1, 'two', false], '[1,"two",false]'],
    ['an invalid date inside a nested value as null', { at: new Date(Number.NaN) }, '{"at":null}'],
  ])('is %s', (_what, value, text) => {
    expect(toText(value)).toBe(text);
  });

  it('keeps null, because null clears', () => {
    expect(toText(null)).toBeNull();
  });

  it.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a class', class {}],
    ['a symbol', Symbol('s')],
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['minus Infinity', Number.NEGATIVE_INFINITY],
    ['an invalid date', new Date(Number.NaN)],
  ])('is none for %s', (_what, value) => {
    expect(toText(value)).toBeUndefined();
  });

  it.each([
    ['text, without the quotes of JSON', '12.50', '12.50'],
    ['a number', 12.5, '12.5'],
    ['a bigint', 12n, '12'],
    ['a boolean', true, 'true'],
    ['an object', { amount: 12, currency: 'EUR' }, '{"amount":12,"currency":"EUR"}'],
    ['undefined', undefined, undefined],
    ['NaN', Number.NaN, undefined],
  ])('is what toJSON returns: %s', (_what, plain, text) => {
    expect(toText({ toJSON: () => plain })).toBe(text);
  });

  it('is none where toJSON returns null, as an invalid date of another library does: nothing stored is cleared', () => {
    expect(toText({ toJSON: () => null })).toBeUndefined();
  });

  it('cuts a cycle where it closes and keeps the rest', () => {
    const order: Record<string, unknown> = { id: 'o-1' };
    order.items = [{ order }];
    expect(toText(order)).toBe('{"id":"o-1","items":[{"order":"[cycle]"}]}');
  });

  it('takes a value that is shared but no ancestor for no cycle, beside a real cycle too', () => {
    const shared = { sku: 'a' };
    const cycle: Record<string, unknown> = { first: shared, second: shared, list: [shared, shared] };
    cycle.self = cycle;
    expect(toText({ one: shared, two: shared })).toBe('{"one":{"sku":"a"},"two":{"sku":"a"}}');
    expect(JSON.parse(toText(cycle)!)).toEqual({
      first: shared,
      second: shared,
      list: [shared, shared],
      self: '[cycle]',
    });
  });

  it('writes bigints inside nested values as text', () => {
    expect(toText({ cents: 10n, list: [1n] })).toBe('{"cents":"10","list":["1"]}');
  });
});

describe('a value whose JSON would be too long', () => {
  const toShortText = (value: unknown) => properties.toText(value, 'it', ignore, 10_000);

  /** Some users who are all in the same groups. Its JSON has each path through them. */
  function membership(size: number) {
    const users = Array.from({ length: size }, (_, id) => ({ id, groups: [] as object[] }));
    const groups = users.map(({ id }) => ({ id, members: [...users] }));
    for (const user of users) user.groups = [...groups];
    return users[0];
  }

  it('is given up when its objects refer to each other in many ways', () => {
    expect(toShortText(membership(2))).toContain('[cycle]');
    expect(() => toShortText(membership(5))).toThrow(TOO_LARGE);
  });

  it('is given up if its objects turn themselves into others, as those of an ORM do', () => {
    type Entity = { members: Entity[]; toJSON?: () => object };
    const entities: Entity[] = [];
    for (let at = 0; at < 40; at += 1) {
      const entity: Entity = { members: entities.slice(-2), toJSON: () => ({ members: entity.members }) };
      entities.push(entity);
    }
    expect(() => toShortText({ last: entities.at(-1) })).toThrow(TOO_LARGE);
  });

  it.each([new Uint8Array(3e6), Buffer.alloc(3e6), new Float64Array(1e6)])(
    'is given up at once for bytes that are too many',
    (bytes) => {
      expect(() => toShortText(bytes)).toThrow(TOO_LARGE);
      expect(() => toShortText({ inner: [bytes] })).toThrow(TOO_LARGE);
    },
  );

  it('is given up without a cycle too', () => {
    let tower: object = {};
    for (let floor = 0; floor < 14; floor++) tower = { left: tower, right: tower };
    expect(() => toShortText(tower)).toThrow(TOO_LARGE);
  });

  it('is read no further than to its limit', () => {
    let reads = 0;
    const row = {
      get id() {
        reads += 1;
        return 'x'.repeat(100);
      },
    };
    expect(() => toShortText({ rows: Array(10_000).fill(row) })).toThrow(TOO_LARGE);
    expect(reads).toBeLessThan(500);
  });

  it('is given up for its characters, not for members that are not sent', () => {
    expect(toShortText({ text: 'x'.repeat(9_000), cents: 1n })).toHaveLength(9_023);
    const silent = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, at) => [`a rather long name ${at}`, undefined]),
    );
    expect(toShortText({ a: 'x', ...silent })).toBe('{"a":"x"}');
  });

  it('may nest deeper than data does', () => {
    let deep: object = { bottom: true };
    for (let level = 0; level < 300; level++) deep = { deep };
    expect(toShortText(deep)).toBe(JSON.stringify(deep));
  });
});

describe('event properties', () => {
  it('leave out what has no text and keep null and the empty text', () => {
    const input = { a: 1, b: null, c: '', d: undefined, e: Number.NaN, f: Symbol('x'), g: () => 1 };
    expect(toEventProperties(input, ignore)).toEqual({ a: '1', b: null, c: '' });
  });

  it('are flat: consent and custom_properties are names like any other', () => {
    expect(toEventProperties({ consent: { ads: true }, custom_properties: { a: 1 } }, ignore)).toEqual({
      consent: '{"ads":true}',
      custom_properties: '{"a":1}',
    });
  });

  it('are what the object itself holds, not what its class does', () => {
    class Order {
      total = 5;
      get vat(): number {
        return 1;
      }
    }
    Object.assign(Order.prototype, { inherited: 'no' });
    expect(toEventProperties(new Order(), ignore)).toEqual({ total: '5' });
  });

  it('lose the one property that cannot be read, by name, and keep the others', () => {
    const unreadable: string[] = [];
    const input = {
      before: 1,
      get getter(): never {
        throw new Error('no');
      },
      json: {
        toJSON() {
          throw new Error('no');
        },
      },
      nested: {
        get inner(): never {
          throw new Error('no');
        },
      },
      after: 2,
    };
    expect(toEventProperties(input, (name) => unreadable.push(name))).toEqual({ before: '1', after: '2' });
    expect(unreadable).toEqual(['getter', 'json', 'nested']);
  });

  it('lose a value nested too deeply to be written, by name, and nothing else', () => {
    let deep: unknown = 'bottom';
    for (let depth = 0; depth < 50_000; depth += 1) deep = { deep };
    const unreadable: string[] = [];
    const output = toEventProperties({ deep, a: 1 }, (name) => unreadable.push(name));
    expect(output.a).toBe('1');
    // From Node 26 on no value is nested too deeply.
    expect(unreadable).toEqual(typeof output.deep === 'string' ? [] : ['deep']);
  });

  it.each([
    ['text', 'x'],
    ['a map', { isAdmin: true }],
    ['null', null],
  ])('named __proto__ are left out, by name, and change no prototype: %s', (_what, value) => {
    const unreadable: string[] = [];
    const input = JSON.parse(`{"__proto__":${JSON.stringify(value)},"a":1}`);
    const output = toEventProperties(input, (name) => unreadable.push(name));
    expect(output).toEqual({ a: '1' });
    expect(Object.getPrototypeOf(output)).toBe(Object.prototype);
    expect(unreadable).toEqual(['__proto__']);
  });

  it('of any value whatever are flat, text or null, and JSON', () => {
    fc.assert(
      fc.property(hostileMap(), (make) => {
        const output = toEventProperties(make(), ignore);
        expect(JSON.parse(JSON.stringify(output))).toEqual(output);
        for (const value of Object.values(output)) expect(value === null || typeof value === 'string').toBe(true);
      }),
    );
  });
});

describe('user properties', () => {
  it('clear with null and leave alone with undefined or an empty text', () => {
    expect(toUserProperties({ city: null, state: undefined, zip: '', country: 'DE' }, ignore)).toEqual({
      city: null,
      country: 'DE',
    });
  });

  it('ignore null, undefined and the empty text inside custom_properties, which are merged', () => {
    const custom_properties = { plan: 'gold', seats: 3, old: null, none: undefined, empty: '', nested: { a: 1 } };
    expect(toUserProperties({ custom_properties }, ignore)).toEqual({
      custom_properties: { plan: 'gold', seats: '3', nested: '{"a":1}' },
    });
  });

  it('have consent as a map of strings and null', () => {
    expect(toUserProperties({ consent: { ads: false, sale: 'no', gone: null, none: '' }, vip: true }, ignore)).toEqual({
      consent: { ads: 'false', sale: 'no', gone: null },
      vip: 'true',
    });
  });

  it.each([
    ['empty', {}],
    ['of values that say nothing', { ads: undefined, sale: '' }],
  ])('leave out a consent that is %s: it would wipe what is stored', (_what, consent) => {
    const unreadable: string[] = [];
    expect(toUserProperties({ city: 'Bern', consent }, (name) => unreadable.push(name))).toEqual({ city: 'Bern' });
    expect(unreadable).toEqual([]);
  });

  it('send a date of birth as ISO 8601 and a numeric zip as text', () => {
    expect(toUserProperties({ date_of_birth: new Date(0), zip: 10115 }, ignore)).toEqual({
      date_of_birth: '1970-01-01T00:00:00.000Z',
      zip: '10115',
    });
  });

  it('name a custom property that cannot be read and keep its siblings', () => {
    const unreadable: string[] = [];
    const custom_properties = {
      ok: 1,
      get bad(): never {
        throw new Error('no');
      },
    };
    expect(toUserProperties({ custom_properties }, (name) => unreadable.push(name))).toEqual({
      custom_properties: { ok: '1' },
    });
    expect(unreadable).toEqual(['bad']);
  });

  it('of any value whatever are JSON', () => {
    fc.assert(
      fc.property(hostileMap('consent', 'custom_properties', 'email', 'other'), (make) => {
        const output = toUserProperties(make(), ignore);
        expect(JSON.parse(JSON.stringify(output))).toEqual(output);
      }),
    );
  });
});

describe('default properties', () => {
  it('are strings where the schema has no other type, and leave out null and the empty text', () => {
    const input = { is_bot: false, version: 3, referrer: '', gclid: null, title: 'Shop', at: new Date(0) };
    expect(toDefaultProperties(input, ignore)).toEqual({
      is_bot: 'false',
      version: '3',
      title: 'Shop',
      at: '1970-01-01T00:00:00.000Z',
    });
  });

  it.each([
    ['a number', 390, 390],
    ['zero', 0, 0],
    ['text of a number', ' 390.5 ', 390.5],
    ['a bigint', 390n, 390],
    ['a boxed number', Object(390), 390],
    ['null', null, undefined],
    ['an empty text', '', undefined],
    ['NaN', Number.NaN, undefined],
  ])('of a number’s type are numbers: %s', (_what, screen_width, expected) => {
    const unreadable: string[] = [];
    const output = toDefaultProperties({ screen_width }, (name) => unreadable.push(name));
    expect(output).toEqual(expected === undefined ? {} : { screen_width: expected });
    expect(unreadable).toEqual([]);
  });

  it.each([
    ['true', true, true],
    ['false', false, false],
    ['text of true', 'true', true],
    ['text of false', 'false', false],
  ])('of a boolean’s type are booleans: %s', (_what, iframe, expected) => {
    expect(toDefaultProperties({ iframe }, ignore)).toEqual({ iframe: expected });
  });

  it('that are no value of their type are reported and left out', () => {
    const unreadable: string[] = [];
    const input = { screen_width: 'wide', duration: ' ', page_hash: true, iframe: 'yes', webview: 1, title: 'Shop' };
    expect(toDefaultProperties(input, (name) => unreadable.push(name))).toEqual({ title: 'Shop' });
    expect(unreadable).toEqual(['screen_width', 'duration', 'page_hash', 'iframe', 'webview']);
  });

  it('of any value whatever are flat JSON of text, and numbers and booleans by their names', () => {
    fc.assert(
      fc.property(hostileMap('screen_width', 'iframe', 'is_bot', 'other'), (make) => {
        const output = toDefaultProperties(make(), ignore);
        expect(JSON.parse(JSON.stringify(output))).toEqual(output);
        const { screen_width = 0, iframe = false, ...others } = output;
        expect([typeof screen_width, typeof iframe]).toEqual(['number', 'boolean']);
        for (const value of Object.values(others)) expect(typeof value).toBe('string');
      }),
    );
  });
});
