import { setImmediate as nextTurn } from 'node:timers/promises';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { VisitorOptions } from '../../src/adapters/express.js';
import { type Client, isOursError, type Visitor } from '../../src/index.js';
import { LIBRARY } from '../../src/protocol/library.js';
import { rig, until } from '../support/client.js';

/** The handler of a request; its result is the JSON answer. */
export type Handle = (visitor: Visitor) => unknown;

// biome-ignore lint/suspicious/noExplicitAny: every framework's own request
export type AnyOptions = VisitorOptions<any>;

export interface AdapterSetup {
  readonly ours: Client;
  readonly options: AnyOptions;
  readonly handle: Handle;
}

export interface Sent {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A framework with our adapter and a single route, which reads the body first. */
export interface App {
  send(path: string, sent?: Sent): Promise<Answer>;
}

export interface Adapter {
  readonly create: (setup: AdapterSetup) => App | Promise<App>;
  readonly currentVisitor: () => Visitor | undefined;
  /** Whether it knows the connection's address; `send` connects from 127.0.0.1. */
  readonly knowsPeer: boolean;
  /** The scheme and host of `send`'s paths. */
  readonly origin: string;
}

const ID = '7d9c2b34-5d0e-4b6a-9d84-b7d8d9d6b2f1';
/** The time of the requests, within the cookie's session. */
const NOW = 1_732_398_060_000;
const BROWSER = 'Mozilla/5.0 (test)';
const SESSION_COOKIE = `_cord_sdk_data=${encodeURIComponent('{"sid":"sid_1732398000000","session_count":2}')}`;
const COOKIES = `theme=dark; ours_device_id=${ID}; ${SESSION_COOKIE}`;
const HEADERS = { cookie: COOKIES, 'user-agent': BROWSER, host: 'shop.example' };
const SEEN = (visitor: Visitor) => ({ userId: visitor.userId, sessionId: visitor.sessionId });

/** The duties of every adapter. */
export function describeAdapter(name: string, { create, currentVisitor, knowsPeer, origin }: Adapter): void {
  async function world(handle: Handle, options: AnyOptions = {}, clientOptions: Parameters<typeof rig>[0] = {}) {
    const { client, collector, warnings } = await rig(clientOptions);
    const told: string[] = [];
    const logger = { warn: (message: string) => void told.push(message) };
    const app = await create({ ours: client, options: { logger, now: () => NOW, ...options }, handle });
    const buys = async (path: string, sent?: Sent) => {
      const answer = await app.send(path, sent);
      await client.flush();
      return { answer, event: collector.events().at(-1) };
    };
    return { app, client, collector, warnings, told, buys };
  }
  const buying = (visitor: Visitor) => visitor.track('purchase', { value: 1 }).distinctId;

  describe(`the ${name} adapter`, () => {
    it('reads the visitor and the session from the browser’s cookies', async () => {
      const { app } = await world(SEEN);
      const { status, body } = await app.send('/', { headers: HEADERS });
      expect(status).toBe(200);
      expect(JSON.parse(body)).toEqual({ userId: ID, sessionId: '1732398000000' });
    });

    it('sends events with visitor, session, browser and page', async () => {
      const { buys } = await world(buying);
      const { event } = await buys('/plans?utm_source=news&gclid=G1&color=red', {
        headers: { ...HEADERS, referer: 'https://search.example/?q=1', 'accept-language': 'de-CH,de;q=0.9' },
      });
      expect(event).toMatchObject({
        event: 'purchase',
        userId: ID,
        defaultProperties: {
          sid: '1732398000000',
          current_url: `${origin}/plans?utm_source=news&gclid=G1`,
          host: new URL(origin).host,
          pathname: '/plans',
          referrer: 'https://search.example/',
          referring_domain: 'search.example',
          utm_source: 'news',
          gclid: 'G1',
          user_agent: BROWSER,
          browser_language: 'de-ch',
        },
      });
      expect(event?.identityContext).toEqual(knowsPeer ? { ip: '127.0.0.1', userAgent: BROWSER } : undefined);
    });

    it('reports the page that sends a request, not the request’s own address', async () => {
      const { buys } = await world(buying);
      const { event } = await buys('/api/buy', {
        method: 'POST',
        headers: { ...HEADERS, 'sec-fetch-dest': 'empty', referer: 'https://shop.example/plans?utm_campaign=may' },
        body: '{}',
      });
      expect(event?.defaultProperties).toMatchObject({
        current_url: 'https://shop.example/plans?utm_campaign=may',
        utm_campaign: 'may',
      });
    });

    it.each(['ours_visitor_id', 'ours_user_id'])(
      'does not identify visitors by %s in a link, unless enabled',
      async (parameter) => {
        const link = `/?${parameter}=other&ours_session_id=77`;
        for (const [identityFromLinks, expected] of [
          [undefined, { userId: ID, sessionId: '1732398000000' }],
          ['always', { userId: 'other', sessionId: '77' }],
        ] as const) {
          const { app } = await world(SEEN, { identityFromLinks });
          const { body } = await app.send(link, { headers: HEADERS });
          expect(JSON.parse(body)).toEqual(expected);
        }
      },
    );

    it('reads cookies under custom names', async () => {
      const { app } = await world(SEEN, {
        cookieNames: { visitor: 'shop_id', data: 'shop_data', session: 'shop_sid' },
      });
      const { body } = await app.send('/', {
        headers: { ...HEADERS, cookie: `${COOKIES}; shop_id=v; shop_sid=sid_1732398000005` },
      });
      expect(JSON.parse(body)).toEqual({ userId: 'v', sessionId: '1732398000005' });
    });

    it('has the same visitor as currentVisitor(), also after the body and after an await', async () => {
      const { app } = await world(async (visitor) => {
        const atOnce = currentVisitor()?.userId;
        await nextTurn();
        return [visitor.userId, atOnce, currentVisitor()?.userId];
      });
      for (const sent of [{}, { method: 'POST', body: '{"plan":"annual"}' }] as const) {
        const { body } = await app.send('/', { ...sent, headers: HEADERS });
        expect(JSON.parse(body)).toEqual([ID, ID, ID]);
      }
      expect(currentVisitor()).toBeUndefined();
    });

    it('never mixes up concurrent visitors', async () => {
      const { app } = await world(async (visitor) => {
        for (let turns = Math.random() * 5; turns > 0; turns -= 1) await nextTurn();
        return [visitor.userId, currentVisitor()?.userId];
      });
      const ids = Array.from({ length: 40 }, (_, at) => `visitor-${at}`);
      const answers = await Promise.all(
        ids.map((id) => app.send('/', { method: 'POST', headers: { cookie: `ours_device_id=${id}` }, body: '{}' })),
      );
      expect(answers.map(({ body }) => JSON.parse(body))).toEqual(ids.map((id) => [id, id]));
    });

    it('never generates a visitor', async () => {
      const { buys } = await world((visitor) => ({ ...SEEN(visitor), known: currentVisitor()?.userId ?? null }));
      const { answer, event } = await buys('/');
      expect(JSON.parse(answer.body)).toEqual({ known: null });
      expect(event).toBeUndefined();
    });

    it('reads nothing from a request whose visitor is not used', async () => {
      let asked = 0;
      const { app } = await world(() => 'bare', { consent: () => ++asked > 0 });
      expect(await app.send('/', { headers: HEADERS })).toMatchObject({ status: 200, body: '"bare"' });
      expect(asked).toBe(0);
    });

    it('has methods that can be called without a receiver', async () => {
      const { buys } = await world(({ track }) => track('purchase', { value: 1 }).distinctId);
      const { event } = await buys('/', { headers: HEADERS });
      expect(event?.userId).toBe(ID);
    });

    it('shows nothing personal when the visitor is logged', async () => {
      const { app } = await world(
        (visitor) => `${visitor.userId === ID} ${JSON.stringify(visitor)} ${inspect(visitor)}`,
      );
      const { body } = await app.send('/', { headers: HEADERS });
      expect(body).toContain('true');
      expect(body).not.toContain(ID);
    });

    describe('the visitor’s address', () => {
      const forwarded = { ...HEADERS, 'x-forwarded-for': '9.9.9.9, 203.0.113.7', 'cf-connecting-ip': '198.51.100.4' };
      const addressOf = async (options: AnyOptions): Promise<string | undefined> => {
        const { buys } = await world(buying, options);
        const { event } = await buys('/', { headers: forwarded });
        return event?.identityContext?.ip;
      };

      it('is not taken from a header that anyone can send', async () => {
        expect(await addressOf({})).toBe(knowsPeer ? '127.0.0.1' : undefined);
      });

      it('is what the trusted proxy reports', async () => {
        expect(await addressOf({ trustProxy: 1 })).toBe('203.0.113.7');
        expect(await addressOf({ trustProxy: 2 })).toBe('9.9.9.9');
      });

      it.runIf(knowsPeer)('is what proxies at trusted addresses report', async () => {
        expect(await addressOf({ trustProxy: ['127.0.0.0/8'] })).toBe('203.0.113.7');
        expect(await addressOf({ trustProxy: ['10.0.0.0/8'] })).toBe('127.0.0.1');
      });

      it('is what the platform’s header says, if set', async () => {
        expect(await addressOf({ ipHeader: 'CF-Connecting-IP' })).toBe('198.51.100.4');
      });

      it('comes with the scheme and host that the trusted proxy reports', async () => {
        const { buys } = await world(buying, { trustProxy: 1 });
        const headers = { ...forwarded, 'x-forwarded-proto': 'https', 'x-forwarded-host': 'www.shop.example' };
        const { event } = await buys('/plans', { headers });
        expect(event?.defaultProperties).toMatchObject({ current_url: 'https://www.shop.example/plans' });
      });
    });

    describe('without consent', () => {
      const throwing = (): boolean => {
        throw new Error(`${ID} is no friend`);
      };
      it.each([
        ['is refused', () => false, 0],
        ['throws', throwing, 1],
        ['is a promise', async () => true, 1],
      ] as [string, () => boolean, number][])(
        'that %s, nothing is read and the request continues',
        async (_, consent, warnings) => {
          const { buys, told } = await world(
            (visitor) => {
              visitor.track('purchase', {}, { externalId: 'c1' });
              return SEEN(visitor);
            },
            { consent },
          );
          const { answer, event } = await buys('/plans?gclid=G1', { headers: HEADERS });
          expect(answer).toEqual({ status: 200, body: '{}' });
          expect(event).toMatchObject({ event: 'purchase', externalId: 'c1' });
          expect(event).not.toMatchObject({ identityContext: expect.anything() });
          expect(event?.defaultProperties).toEqual({ version: LIBRARY });
          expect(told.join()).not.toContain(ID);
          expect(told).toHaveLength(warnings);
        },
      );

      it('is checked once for each request', async () => {
        let asked = 0;
        const { app } = await world((visitor) => [visitor.userId, currentVisitor()?.userId, visitor.sessionId], {
          consent: () => ++asked > 0,
        });
        await app.send('/', { headers: HEADERS });
        expect(asked).toBe(1);
      });
    });

    describe('with invalid input', () => {
      it.each([
        ['a cookie of 1 MB', `junk=${'x'.repeat(1_000_000)}; ours_device_id=${ID}`],
        ['cookies that do not decode', 'ours_device_id=%ff%fe; _cord_sdk_data=%7B%22sid%22%3A%7D; ours_sid=%c3'],
        [
          'control characters',
          'ours_device_id=a%00b; _cord_sdk_data=%7B%22sid%22%3A%22%5Cu0007%22%7D; ours_sid=%0d%0aa',
        ],
        ['an id that is too long', `ours_device_id=${'7'.repeat(401)}; ours_sid=${'7'.repeat(401)}`],
        ['JSON that is something else', 'ours_device_id=; _cord_sdk_data=[1,2]; ours_sid=undefined'],
        ['a session that is an object', 'ours_device_id=null; _cord_sdk_data={"sid":{"sid":1}}'],
      ])('continues: %s', async (_, cookie) => {
        const { app, told } = await world((visitor) => {
          buying(visitor);
          return { ...SEEN(visitor), bought: true };
        });
        const answer = await app.send('/?ours_visitor_id=%00&ours_session_id=null', {
          headers: { ...HEADERS, cookie },
        });
        expect(answer.status).toBe(200);
        expect(JSON.parse(answer.body)).toEqual({ bought: true });
        expect(told).toEqual([]);
      });

      it('continues with a token of another environment', async () => {
        const { app, client, collector } = await world(buying, {}, { collector: { tokens: ['live_token'] } });
        expect(await app.send('/', { headers: HEADERS })).toMatchObject({ status: 200 });
        await until(() => collector.requests > 0);
        expect(await client.close({ timeoutMs: 0 })).toMatchObject({ pending: 1, delivered: 0 });
      });

      it('passes the application’s errors to the framework', async () => {
        const { app } = await world((): never => {
          throw new TypeError('of the application');
        });
        expect((await app.send('/', { headers: HEADERS })).status).toBe(500);
      });
    });

    describe('at set-up', () => {
      it.each<[string, object]>([
        ['trustProxy must be', { trustProxy: true }],
        ['trustProxy must be an integer', { trustProxy: -1 }],
        ['trustProxy', { trustProxy: ['10.0.0.0/40'] }],
        ['trustProxy', { trustProxy: ['localhost'] }],
        ['ipHeader must be', { ipHeader: 'cf connecting' }],
        ['cookieNames.visitor must be', { cookieNames: { visitor: 'a=b' } }],
        ['consent must be a function', { consent: true }],
        ['logger must have', { logger: {} }],
      ])('reports an invalid option: %s', async (message, options) => {
        await expect(world(SEEN, options as AnyOptions)).rejects.toSatisfy(
          (error) => isOursError(error) && error.code === 'invalid_option' && error.message.includes(message),
        );
      });

      it('reports a missing client', async () => {
        const setup = { ours: { token: 'test_token' } as unknown as Client, options: {}, handle: SEEN };
        await expect((async () => create(setup))()).rejects.toThrow(/createClient/);
      });

      it.runIf(!knowsPeer)('reports that it cannot compare addresses it does not know', async () => {
        await expect(world(SEEN, { trustProxy: ['10.0.0.0/8'] })).rejects.toThrow(/number of proxies/);
      });
    });
  });
}
