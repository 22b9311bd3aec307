import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Client } from '../../src/client/types.js';
import type { Outcome } from '../../src/core/outcome.js';
import type { FetchLike } from '../../src/transport/transport.js';
import { hostileMap, hostileValue } from '../protocol/hostile.js';
import { answer, clientWith } from '../support/clients.js';

const FIELDS = [
  'event',
  'userId',
  'externalId',
  'email',
  'sessionId',
  'distinctId',
  'time',
  'eventProperties',
  'userProperties',
  'defaultProperties',
  'identityContext',
];
/** Any other field refuses the person. */
const OF_PEOPLE = FIELDS.filter((name) => !['event', 'distinctId', 'time', 'eventProperties'].includes(name));

/** A client that keeps what it posts. */
function recording(options: Parameters<typeof clientWith>[0] = {}) {
  const bodies: string[] = [];
  const fetch: FetchLike = async (_url, { body }) => {
    bodies.push(body);
    return answer(200, { success: true });
  };
  return { ...clientWith({ fetch, ...options }), bodies };
}

/** The calls of somebody who has switched off the types. */
const untyped = (client: Client) =>
  client as unknown as Record<'track' | 'identify', (input: unknown) => { settled(): Promise<Outcome> }>;

async function expectSound(bodies: readonly string[]): Promise<void> {
  for (const body of bodies) {
    for (const row of (JSON.parse(body).events ?? []) as { eventProperties?: object; userId?: string }[]) {
      for (const value of Object.values(row.eventProperties ?? {})) {
        expect(value === null || typeof value === 'string').toBe(true);
      }
    }
  }
}

describe('track and identify never throw', () => {
  it.each(['track', 'identify'] as const)('for whatever is in the fields: %s', async (method) => {
    const { client, bodies } = recording();
    const receipts: { settled(): Promise<Outcome> }[] = [];
    fc.assert(
      fc.property(hostileMap(...(method === 'track' ? FIELDS : OF_PEOPLE)), (make) => {
        const event = method === 'track' ? 'purchase' : undefined;
        receipts.push(untyped(client)[method]({ event, userId: 'visitor-1', ...make() }));
      }),
      { numRuns: 500 },
    );
    const outcomes = await Promise.all(receipts.map((receipt) => receipt.settled()));
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.message.length).toBeGreaterThan(20);
      else expect(outcome).toEqual({ status: 'delivered' });
    }
    expect(new Set(outcomes.map(({ status }) => status)).size).toBe(2);
    await expectSound(bodies);
  });

  it.each(['track', 'identify'] as const)('for whatever is passed: %s', async (method) => {
    const { client } = recording();
    await fc.assert(
      fc.asyncProperty(hostileValue(), async (make) => {
        expect(await untyped(client)[method](make()).settled()).toMatchObject({ status: 'rejected' });
      }),
    );
  });

  it('for maps that may hold anything under any name, and what is posted is JSON with flat properties', async () => {
    const { client, bodies } = recording();
    fc.assert(
      fc.property(hostileMap(), hostileMap(), hostileMap(), (eventProperties, custom, page) => {
        client.track({
          event: 'purchase',
          userId: 'visitor-1',
          eventProperties: eventProperties(),
          userProperties: { custom_properties: custom() },
          defaultProperties: page(),
        });
      }),
      { numRuns: 300 },
    );
    expect(await client.flush()).toMatchObject({ delivered: 300, rejected: 0, pending: 0 });
    await expectSound(bodies);
  });

  it('for a visitor with hostile properties', async () => {
    const { client } = recording();
    const visitor = client.visitor({ userId: 'visitor-1', sessionId: 'sid_1' });
    fc.assert(
      fc.property(hostileMap(), (make) => {
        visitor.track('purchase', make());
      }),
    );
    expect(await client.flush()).toMatchObject({ rejected: 0, pending: 0 });
  });
});

describe('nothing else in the queue suffers', () => {
  it('from an event that cannot be read', async () => {
    const { client, bodies } = recording();
    client.track({ event: 'before', userId: 'v' });
    const bad = untyped(client).track({
      event: 'bad',
      get userId(): never {
        throw new Error('canary-in-a-getter');
      },
    });
    client.track({ event: 'after', userId: 'v' });
    await client.flush();
    expect(JSON.parse(bodies[0]!).events.map(({ event }: { event: string }) => event)).toEqual(['before', 'after']);
    expect(await bad.settled()).toEqual({
      status: 'rejected',
      code: 'unreadable',
      message: expect.not.stringContaining('canary'),
    });
  });

  it('from a beforeSend, an onOutcome, a logger or a schema that throws', async () => {
    const outcomes: Outcome[] = [];
    const boom = (): never => {
      throw new Error('canary-in-a-hook');
    };
    const { client } = recording({
      beforeSend: (event) => (event.event === 'bad' ? boom() : event),
      onOutcome(outcome) {
        outcomes.push(outcome);
        boom();
      },
      logger: { warn: boom },
      events: {
        good: { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } },
        bad: { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } },
        worse: { '~standard': { version: 1, vendor: 'test', validate: boom } },
      },
    });
    const bad = client.track({ event: 'bad', userId: 'v' });
    const worse = client.track({ event: 'worse', userId: 'v' });
    const good = client.track({ event: 'good', userId: 'v' });
    expect(await good.settled()).toEqual({ status: 'delivered' });
    expect(await bad.settled()).toMatchObject({ status: 'rejected', code: 'before_send_failed' });
    expect(await worse.settled()).toMatchObject({ status: 'rejected' });
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['delivered', 'rejected', 'rejected']);
    expect(JSON.stringify(outcomes)).not.toContain('canary');
  });

  it('and the name of a property that was left out is said, without its value', async () => {
    const { client, said } = recording();
    const receipt = client.track({
      event: 'purchase',
      userId: 'v',
      eventProperties: {
        get total(): never {
          throw new Error('canary-in-a-property');
        },
      },
    });
    expect(await receipt.settled()).toEqual({ status: 'delivered' });
    expect(said).toEqual([
      "[ours-ingest] property 'total' of event 'purchase' could not be read and is left out: pass plain data.",
    ]);
  });
});
