import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { buildClient } from '../../src/client/client.js';
import { Refusal } from '../../src/core/refusal.js';
import type { DefaultProperties } from '../../src/protocol/fields.js';
import { LIBRARY } from '../../src/protocol/library.js';
import { webPlatform } from '../../src/runtime/platform-web.js';
import { identify, refusalOf, rowOf, track } from './encoding.js';

/** A document as an object mapper makes it: what must not be seen stands in it, and `toJSON` leaves it out. */
class Document {
  readonly _doc = { value: 5, password_hash: 'HIDDEN' };
  toJSON(): object {
    return { value: this._doc.value };
  }
}

class PrivateFields {
  readonly #total = 5;
  get total(): number {
    return this.#total;
  }
}

/** The row of an event, and which of its properties were reported as unreadable. */
function sent(fields: object, of: typeof track = track): { row: ReturnType<typeof rowOf>; reported: string[] } {
  const reported: string[] = [];
  const row = rowOf(of(fields, { onUnreadable: (_event, property) => reported.push(property) }));
  return { row, reported };
}

const OPAQUE: readonly (readonly [string, () => object])[] = [
  ['a Promise', () => Promise.resolve({ a: 1 })],
  ['a Map', () => new Map([['a', 1]])],
  ['a Set', () => new Set(['a'])],
  ['a WeakMap', () => new WeakMap()],
  ['URLSearchParams', () => new URLSearchParams('a=1')],
  ['Headers', () => new Headers({ a: '1' })],
  ['FormData', () => new FormData()],
  ['a Blob', () => new Blob(['a'])],
  ['an ArrayBuffer', () => new ArrayBuffer(8)],
  ['a RegExp', () => /a/],
  ['an Error', () => new Error('HIDDEN')],
  ['a generator', () => [1].values()],
  ['a boxed symbol', () => Object(Symbol('a'))],
  ['an instance of private fields and getters', () => new PrivateFields()],
  ['a Map of another realm', () => runInNewContext('new Map([["a", 1]])')],
  [
    'an object whose toJSON throws',
    () => ({
      a: 1,
      toJSON: () => {
        throw new Error('HIDDEN');
      },
    }),
  ],
  ['an object whose toJSON returns a Map', () => ({ a: 1, toJSON: () => new Map() })],
  [
    'a revoked proxy',
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    },
  ],
  [
    'a proxy that throws',
    () =>
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('HIDDEN');
          },
        },
      ),
  ],
  [
    'a proxy that throws at its second name',
    () =>
      new Proxy(
        { value: 5, total: 6 },
        {
          getOwnPropertyDescriptor(target, name) {
            if (name === 'total') throw new Error('HIDDEN');
            return Reflect.getOwnPropertyDescriptor(target, name);
          },
        },
      ),
  ],
];

/** Objects that have a string or bytes to show, so that they are values but no maps. */
const NO_MAPS: readonly (readonly [string, () => object])[] = [
  ['a Date', () => new Date(0)],
  ['a URL', () => new URL('https://shop.example/')],
  ['a boxed string', () => Object('HIDDEN')],
  ['a decimal', () => ({ toJSON: () => '12.50' })],
  ['an object whose toJSON returns a list', () => ({ toJSON: () => [1] })],
  ['an object whose toJSON returns null', () => ({ toJSON: () => null })],
  ['bytes', () => new Uint8Array([1, 2])],
  ['a Buffer', () => Buffer.from('HIDDEN')],
];

const FIELDS = ['eventProperties', 'userProperties', 'defaultProperties'] as const;

describe('a whole map', () => {
  it.each(FIELDS)('given as %s is what its toJSON returns, and what that hides stays hidden', (field) => {
    expect(sent({ [field]: new Document() })).toEqual({
      row: { ...rowOf(track({})), [field]: { value: '5' } },
      reported: [],
    });
  });

  it.each(['custom_properties', 'consent'])('given as %s is what its toJSON returns', (name) => {
    const { row } = sent({ userProperties: { [name]: new Document() } }, identify);
    expect(row.userProperties).toEqual({ [name]: { value: '5' } });
  });

  it('is what its toJSON returns before a schema sees it, so that no schema lets through what is hidden', () => {
    const events = { purchase: z.looseObject({ value: z.number() }) };
    expect(rowOf(track({ eventProperties: new Document() }, { events })).eventProperties).toEqual({ value: '5' });
  });

  it('may keep its values in getters and private fields where a schema reads them', () => {
    const events = { purchase: z.object({ total: z.number() }) };
    expect(rowOf(track({ eventProperties: new PrivateFields() }, { events })).eventProperties).toEqual({ total: '5' });
  });

  it('of another realm or without a prototype is read like any other, and an empty one is sent', () => {
    expect(sent({ eventProperties: runInNewContext('({ a: 1 })') }).row.eventProperties).toEqual({ a: '1' });
    expect(sent({ eventProperties: Object.assign(Object.create(null), { a: 1 }) }).row.eventProperties).toEqual({
      a: '1',
    });
    for (const eventProperties of [{}, Object.create(null), runInNewContext('({})')]) {
      expect(sent({ eventProperties })).toEqual({ row: { ...rowOf(track({})), eventProperties: {} }, reported: [] });
    }
  });

  describe.each(FIELDS)('given as %s', (field) => {
    it.each([...OPAQUE, ...NO_MAPS])('that is %s is reported and left out, and the event is sent', (_what, make) => {
      const { row, reported } = sent({ [field]: make(), sessionId: 'sid_1' });
      expect(row[field]).toEqual(field === 'defaultProperties' ? { sid: '1' } : undefined);
      expect(row.userId).toBe('visitor-1');
      expect(reported).toEqual([field]);
    });
  });

  describe.each(['custom_properties', 'consent'])('given as %s', (name) => {
    it.each([...OPAQUE, ...NO_MAPS, ['a list', () => ['a']], ['a string', () => 'a' as unknown as object]] as const)(
      'that is %s is reported and left out: an empty one would wipe what is stored, and text is refused',
      (_what, make) => {
        const { row, reported } = sent({ userProperties: { city: 'Berlin', [name]: make() } }, identify);
        expect(row.userProperties).toEqual({ city: 'Berlin' });
        expect(reported).toEqual([name]);
      },
    );
  });

  it('named by its own keys keeps those of a prototype out, constructor and all', () => {
    const eventProperties = Object.assign(Object.create({ inherited: 1 }), { constructor: 'a', [Symbol('s')]: 'b' });
    expect(sent({ eventProperties })).toMatchObject({ row: { eventProperties: { constructor: 'a' } }, reported: [] });
  });
});

describe('a value', () => {
  it.each(OPAQUE)('that is %s is reported by its name and left out', (_what, make) => {
    const { row, reported } = sent({ eventProperties: { bad: make(), good: 1 } });
    expect(row.eventProperties).toEqual({ good: '1' });
    expect(reported).toEqual(['bad']);
  });

  it('keeps what can be read around something nested that cannot', () => {
    const order = { id: 'o-1', meta: new Map(), lines: [{ sku: 'a', tags: new Set() }, Promise.resolve()], note: {} };
    const { row, reported } = sent({ eventProperties: { order } });
    expect(JSON.parse(row.eventProperties.order)).toEqual({ id: 'o-1', lines: [{ sku: 'a' }, null], note: {} });
    expect(new Set(reported)).toEqual(new Set(['order']));
  });

  it('that looks like an empty object in its text is no reason to report anything', () => {
    expect(sent({ eventProperties: { template: { text: '{}' }, list: [[], {}] } })).toMatchObject({
      row: { eventProperties: { template: '{"text":"{}"}', list: '[[],{}]' } },
      reported: [],
    });
  });

  it.each([
    ['a boxed string', Object('12.50'), '12.50'],
    ['a boxed number', Object(12.5), '12.5'],
    ['a boxed boolean', Object(false), 'false'],
    ['a boxed bigint', Object(12n), '12'],
    ['a boxed string of another realm', runInNewContext('new String("a")'), 'a'],
    ['a URL', new URL('https://shop.example/'), 'https://shop.example/'],
    ['a Date of another realm', runInNewContext('new Date(0)'), '1970-01-01T00:00:00.000Z'],
    ['a document', new Document(), '{"value":5}'],
    ['a Buffer', Buffer.from([1]), '{"type":"Buffer","data":[1]}'],
    ['minus zero', -0, '0'],
    ['a large number', 1e21, '1e+21'],
    ['control characters and line separators', 'a\0\u001f\ufeff\u2028', 'a\0\u001f\ufeff\u2028'],
  ])('that is %s is sent as its text', (_what, value, text) => {
    expect(sent({ eventProperties: { value } })).toMatchObject({
      row: { eventProperties: { value: text } },
      reported: [],
    });
  });

  it('of a very wide map is sent, every one', () => {
    const wide = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, i]));
    expect(Object.keys(sent({ eventProperties: wide }).row.eventProperties)).toHaveLength(20_000);
  });
});

describe('half a surrogate pair', () => {
  const HALF = '\ud83d';

  it('in a value, a name or a nested one becomes U+FFFD, because parsers refuse a whole batch that holds it', () => {
    const eventProperties = {
      cut: `a${HALF}`,
      [`k${HALF}`]: 'b',
      nested: { [HALF]: [HALF] },
      whole: '😀',
      text: '\\ud83d',
    };
    const row = rowOf(
      track({
        eventProperties,
        userProperties: { custom_properties: { cut: HALF } },
        defaultProperties: { title: HALF },
        sessionId: `s${HALF}`,
        identityContext: { ip: '203.0.113.7', userAgent: HALF },
      }),
    );
    expect(row).toMatchObject({
      eventProperties: {
        cut: 'a\ufffd',
        'k\ufffd': 'b',
        nested: '{"\ufffd":["\ufffd"]}',
        whole: '😀',
        text: '\\ud83d',
      },
      userProperties: { custom_properties: { cut: '\ufffd' } },
      defaultProperties: { title: '\ufffd', sid: 's\ufffd' },
      identityContext: { userAgent: '\ufffd' },
    });
    expect(JSON.stringify(row)).not.toMatch(/[^\\]\\ud/);
  });

  it.each(['event', 'userId', 'externalId', 'email', 'distinctId'])(
    'in %s refuses the event: repaired, two could become one',
    (field) => {
      const refusal = refusalOf(track({ [field]: `canary-${HALF}` }));
      expect(refusal).toEqual(
        new Refusal(
          'invalid_field',
          expect.stringMatching(new RegExp(`^${field} must be .*; got half a surrogate pair`)) as unknown as string,
        ),
      );
      expect(refusal.message).not.toContain('canary');
      expect(rowOf(track({ [field]: '😀' }))[field]).toBe('😀');
    },
  );

  it.each([webPlatform])('is repaired by runtimes without byte-wise writing too', ({ openRow }) => {
    const row = openRow(Number.POSITIVE_INFINITY);
    row.put('a', HALF);
    row.put('b', '\\ud83d');
    expect(new TextDecoder().decode(row.finish())).toBe('{"a":"\ufffd","b":"\\\\ud83d"}');
  });
});

describe('a visitor’s page', () => {
  /** The defaultProperties of one event of a visitor, and the warnings. */
  async function pageOf(visitorPage: object, eventPage?: object, url?: string) {
    const said: string[] = [];
    const bodies: string[] = [];
    const client = buildClient(
      {
        token: 'test_t',
        logger: { warn: (message) => said.push(message) },
        fetch: async (_url, { body }) => {
          bodies.push(String(body));
          return new Response('{"success":true,"accepted":1,"failed":0}');
        },
      },
      webPlatform,
    );
    client
      .visitor({ userId: 'v', url, defaultProperties: visitorPage as DefaultProperties })
      .track('purchase', {}, { defaultProperties: eventPage as DefaultProperties });
    await client.close();
    return { page: JSON.parse(bodies[0]!).events[0].defaultProperties, said };
  }

  it('joined with an event’s is what toJSON returns of both', async () => {
    expect((await pageOf(new Document(), { title: 'Shop' }, 'https://shop.example/')).page).toEqual({
      current_url: 'https://shop.example/',
      title: 'Shop',
      value: '5',
      version: LIBRARY,
    });
    expect((await pageOf({ title: 'Shop' }, new Document())).page).toEqual({
      title: 'Shop',
      value: '5',
      version: LIBRARY,
    });
  });

  it.each([
    ['the visitor’s', new Map(), { title: 'Shop' }],
    ['the event’s', { title: 'Shop' }, new Map()],
  ])('is reported where it cannot be read: %s', async (_which, visitorPage, eventPage) => {
    const { page, said } = await pageOf(visitorPage, eventPage);
    expect(page).toEqual({ version: LIBRARY });
    expect(said).toEqual([expect.stringContaining("property 'defaultProperties' of event 'purchase'")]);
  });
});
