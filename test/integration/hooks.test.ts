import { describe, expect, it, onTestFinished } from 'vitest';
import { arrived, rig, trackMany } from '../support/client.js';
import { simulate } from '../support/simulated-service.js';

function thrown(what: unknown): never {
  throw what;
}

describe('disabled', () => {
  it('sends nothing, not even for assign, and everything has an outcome', async () => {
    const { client, collector, outcomes, warnings } = await rig({ disabled: true, token: undefined });
    const receipt = client.track({ event: 'purchase', userId: 'v' });
    client.identify({ userId: 'v' });
    expect(await receipt.settled()).toEqual({ status: 'dropped', reason: 'disabled' });
    expect(await client.assign('checkout', { userId: 'v' })).toMatchObject({
      inExperiment: false,
      reason: 'fallback',
    });
    expect(await client.personalization({ userId: 'v' })).toEqual([]);
    expect(await client.flush()).toEqual({ delivered: 0, rejected: 0, dropped: 2, pending: 0, unknown: 0 });
    expect(await client.close()).toEqual({ delivered: 0, rejected: 0, dropped: 2, pending: 0, unknown: 0 });
    expect(collector.requests).toBe(0);
    expect(outcomes).toHaveLength(2);
    expect(warnings).toEqual([]);
  });

  it('is switched on by OURS_DISABLED as well', async () => {
    const { client, collector } = await rig({ platform: { env: { OURS_DISABLED: '1' } } });
    trackMany(client, 3);
    await client.flush();
    expect(collector.requests).toBe(0);
  });
});

describe('beforeSend', () => {
  it('edits an event, by changing what it is given or by returning another', async () => {
    const { client, collector } = await rig({
      beforeSend(event) {
        if (event.event === 'replaced') return { ...event, event: 'other' };
        Object.assign(event, { eventProperties: { kept: 'yes' }, email: undefined });
        return event;
      },
    });
    const input = { event: 'purchase', userId: 'v', email: 'a@example.com', eventProperties: { secret: 'x' } };
    client.track(input);
    client.track({ event: 'replaced', userId: 'v' });
    await client.flush();
    expect(collector.events()).toMatchObject([
      { event: 'purchase', eventProperties: { kept: 'yes' } },
      { event: 'other' },
    ]);
    expect(JSON.stringify(collector.events())).not.toMatch(/secret|example\.com/);
    expect(input.eventProperties, 'the caller’s object is left alone').toEqual({ secret: 'x' });
  });

  it('may edit all maps of an event, which are its own', async () => {
    const { client, collector } = await rig({
      beforeSend(event) {
        const { eventProperties, userProperties, defaultProperties } = event as unknown as {
          eventProperties: { value: number };
          userProperties: { email?: string; consent: { ads: string }; custom_properties: { plan: string } };
          defaultProperties: { referrer?: string };
        };
        eventProperties.value /= 100;
        delete userProperties.email;
        userProperties.consent.ads = 'no';
        userProperties.custom_properties.plan = 'changed';
        if (eventProperties.value === 49) delete defaultProperties.referrer;
        return event;
      },
    });
    const eventProperties = { value: 4900 };
    const userProperties = Object.freeze({
      email: 'a@example.com',
      consent: Object.freeze({ ads: 'yes' }),
      custom_properties: Object.freeze({ plan: 'pro' }),
    });
    const visitor = client.visitor({ userId: 'v', defaultProperties: { referrer: 'https://search.example/' } });
    for (const event of ['purchase', 'upsell']) visitor.track(event, eventProperties, { userProperties });
    visitor.track('visit', { value: 1 }, { userProperties });
    await client.flush();
    expect(eventProperties).toEqual({ value: 4900 });
    expect(collector.events()).toMatchObject([
      {
        eventProperties: { value: '49' },
        userProperties: { consent: { ads: 'no' }, custom_properties: { plan: 'changed' } },
      },
      { eventProperties: { value: '49' } },
      { eventProperties: { value: '0.01' }, defaultProperties: { referrer: 'https://search.example/' } },
    ]);
    expect(JSON.stringify(collector.events())).not.toContain('example.com');
  });

  it('gets a copy of a map without a prototype too, and one that throws as it is', async () => {
    const { client, collector } = await rig({
      beforeSend(event) {
        if (event.event === 'purchase') Object.assign(event.eventProperties as object, { value: 1 });
        return event;
      },
    });
    const bare = Object.assign(Object.create(null) as object, { value: 2 });
    const throwing = {
      plan: 'pro',
      get value(): number {
        throw new Error('no');
      },
    };
    client.track({ event: 'purchase', userId: 'v', eventProperties: bare });
    client.track({ event: 'visit', userId: 'v', eventProperties: throwing });
    await client.flush();
    expect(bare).toEqual({ value: 2 });
    expect(collector.events()).toMatchObject([
      { eventProperties: { value: '1' } },
      { eventProperties: { plan: 'pro' } },
    ]);
  });

  it('sees an identify as $identify, and may edit it', async () => {
    const seen: string[] = [];
    const { client, collector } = await rig({
      beforeSend(event) {
        seen.push(event.event);
        return { ...event, userProperties: { city: 'Bern' } };
      },
    });
    client.identify({ userId: 'v', userProperties: { city: 'Basel' } });
    await client.flush();
    expect(seen).toEqual(['$identify']);
    expect(collector.events()[0]).toMatchObject({ event: '$identify', userProperties: { city: 'Bern' } });
  });

  it('drops an event by returning null', async () => {
    const { client, collector, outcomes } = await rig({
      beforeSend: (event) => (event.event === 'secret' ? null : event),
    });
    const receipt = client.track({ event: 'secret', userId: 'v', distinctId: 'e1' });
    trackMany(client, 1);
    await client.flush();
    expect(await receipt.settled()).toEqual({ status: 'dropped', reason: 'before_send' });
    expect(arrived(collector)).toEqual(['e0']);
    expect(outcomes[0]).toEqual({
      status: 'dropped',
      reason: 'before_send',
      kind: 'track',
      event: 'secret',
      distinctId: 'e1',
    });
  });

  it('keeps an event from being sent when it throws: what it was to hide must not get out', async () => {
    const { client, collector, warnings } = await rig({
      beforeSend(event) {
        if (event.event === 'purchase') return event;
        throw new Error('cannot read ssn 078-05-1120');
      },
    });
    const receipt = client.track({ event: 'secret', userId: 'v' });
    trackMany(client, 2);
    await client.flush();
    expect(await receipt.settled()).toMatchObject({ status: 'rejected', code: 'before_send_failed' });
    expect(arrived(collector)).toEqual(['e0', 'e1']);
    expect(warnings).toHaveLength(1);
    expect(warnings.join()).not.toContain('078');
  });

  it.each([
    ['threw (TypeError)', () => (undefined as unknown as { ssn: string }).ssn],
    ['threw (a string)', () => thrown('078-05-1120')],
    ['returned nothing', () => undefined],
    ['returned a string', () => 'purchase'],
    ['returned a promise, and must be synchronous', async () => null],
  ])('says what was wrong with it, and what it must do: it %s', async (how, beforeSend) => {
    const { client, collector, warnings } = await rig({ beforeSend: beforeSend as never });
    const message = `beforeSend ${how}: it must return the event, or null to drop it.`;
    expect(await client.track({ event: 'purchase', userId: 'v' }).settled()).toEqual({
      status: 'rejected',
      code: 'before_send_failed',
      message,
    });
    expect(warnings).toEqual([expect.stringContaining(message)]);
    expect(collector.requests).toBe(0);
  });

  it.each([
    ['without a name', { userId: 'v' }, 'invalid_field'],
    ['with a field that nothing reads', { event: 'purchase', userId: 'v', properties: {} }, 'unknown_field'],
  ])('rejects an event that it returns %s', async (_, result, code) => {
    const { client, collector } = await rig({ beforeSend: () => result as never });
    const outcome = await client.track({ event: 'purchase', userId: 'v' }).settled();
    expect(outcome).toMatchObject({ status: 'rejected', code });
    expect(collector.requests).toBe(0);
  });
});

describe('onOutcome', () => {
  it('may be asynchronous and reject: that ends no process', async () => {
    const unheard: unknown[] = [];
    const hear = (reason: unknown): void => void unheard.push(reason);
    process.on('unhandledRejection', hear);
    onTestFinished(() => void process.off('unhandledRejection', hear));
    const { client } = await rig({ onOutcome: () => Promise.reject(new Error('the database is away')) });
    trackMany(client, 2);
    expect(await client.flush()).toMatchObject({ delivered: 2 });
    // Node reports a rejection without a handler after the microtasks of its turn; this is two turns later.
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(unheard).toEqual([]);
  });

  it('hears of every event once, whatever becomes of it', async () => {
    const { client, collector, outcomes } = await rig({
      maxQueueSize: 4,
      beforeSend: (event) => (event.event === 'secret' ? null : event),
    });
    collector.faults.next(
      { kind: 'rows', code: 'queue_failed', indexes: [0] },
      { kind: 'resetAfter' },
      { kind: 'rows', code: 'invalid_event', indexes: [0] },
    );
    client.track({ event: 'secret', userId: 'v', distinctId: 'secret' });
    client.track({ event: 'nobody', distinctId: 'nobody' } as never);
    trackMany(client, 6);
    await client.flush();
    await client.close();
    client.track({ event: 'late', userId: 'v', distinctId: 'late' });
    const ends = Object.fromEntries(
      outcomes.map((heard) => [heard.distinctId, heard.status === 'dropped' ? heard.reason : heard.status]),
    );
    expect(ends).toEqual({
      secret: 'before_send',
      nobody: 'rejected',
      e0: 'rejected',
      e1: 'delivered',
      e2: 'delivered',
      e3: 'delivered',
      e4: 'queue_full',
      e5: 'queue_full',
      late: 'closed',
    });
    expect(outcomes).toHaveLength(9);
  });

  it('may throw; the event is settled and the warning comes once', async () => {
    const { client, collector, warnings } = await rig({
      onOutcome: () => {
        throw new Error('my own mistake');
      },
    });
    trackMany(client, 20);
    expect(await client.flush()).toEqual({ delivered: 20, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    expect(arrived(collector)).toHaveLength(20);
    expect(warnings).toEqual([expect.stringContaining('onOutcome threw')]);
  });

  it('may track another event', async () => {
    const { client, collector } = await rig({
      onOutcome: (_, { event }) => {
        if (event === 'purchase') client.track({ event: 'purchase settled', userId: 'v' });
      },
    });
    trackMany(client, 1);
    await client.flush();
    await client.flush();
    expect(collector.events().map(({ event }) => event)).toEqual(['purchase', 'purchase settled']);
  });
});

describe('logger', () => {
  it('may throw on every line; nothing is lost', async () => {
    const { client, requests, taken, pass } = simulate({
      maxQueueSize: 3,
      logger: {
        warn() {
          throw new Error('the disk is full');
        },
      },
      random: () => 0,
      endingOf: () => (requests.length === 1 ? { status: 503 } : 'ok'),
    });
    client.track({ event: 'nobody' } as never);
    trackMany(client, 5);
    const flushed = client.flush();
    await pass(10_000);
    expect(await flushed).toEqual({ delivered: 3, rejected: 1, dropped: 2, pending: 0, unknown: 0 });
    expect(taken.size).toBe(3);
  });
});
