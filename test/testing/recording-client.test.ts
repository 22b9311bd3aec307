import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { createGuard } from '../../src/privacy/index.js';
import { createRecordingClient, type RecordingOptions } from '../../src/testing/index.js';

const quiet = { logger: { warn: () => undefined } };
const events = { purchase: z.object({ value: z.number() }), signup: z.object({}) };

function recordingOf(options: RecordingOptions<typeof events> = {}) {
  return createRecordingClient({ events, ...quiet, ...options });
}

describe('a recording client', () => {
  it('has an event as soon as it is tracked, in the caller’s own values', () => {
    const ours = recordingOf();
    const { distinctId } = ours.track({ event: 'purchase', userId: 'v', eventProperties: { value: 49.9 } });
    ours.visitor({ userId: 'w', sessionId: 's' }).track('signup', {}, { distinctId: 'signup:1' });
    expect(ours.events).toMatchObject([
      { event: 'purchase', userId: 'v', eventProperties: { value: 49.9 }, distinctId },
      { event: 'signup', userId: 'w', sessionId: 's', distinctId: 'signup:1' },
    ]);
  });

  it('has the values of the call, whatever the caller changes later', () => {
    const ours = createRecordingClient(quiet);
    const eventProperties = { step: 1, items: [{ price: 1 }], at: new Date(0) };
    const person = { userId: 'v', userProperties: { city: 'Bern' } };
    ours.track({ event: 'signup', userId: 'v', eventProperties });
    ours.identify(person);
    eventProperties.step = 2;
    eventProperties.items[0]!.price = 2;
    eventProperties.at.setTime(1);
    person.userProperties.city = 'Basel';
    ours.track({ event: 'signup', userId: 'v', eventProperties });
    expect(ours.events.map((event) => event.eventProperties)).toEqual([
      { step: 1, items: [{ price: 1 }], at: new Date(0) },
      { step: 2, items: [{ price: 2 }], at: new Date(1) },
    ]);
    expect(ours.identifies).toEqual([{ userId: 'v', userProperties: { city: 'Bern' } }]);
  });

  it('has values that cannot be copied as they are, and never throws for them', () => {
    const ours = createRecordingClient(quiet);
    class Money {
      #cents = 4990;
      toJSON() {
        return this.#cents / 100;
      }
    }
    const circle: Record<string, unknown> = { name: 'circle' };
    circle.self = circle;
    const unreadable = {
      get secret() {
        throw new Error('not for you');
      },
    };
    const price = new Money();
    const named = JSON.parse('{"__proto__":{"x":1}}');
    const eventProperties = { price, pay: () => 1, circle, unreadable, named, none: null };
    ours.track({ event: 'signup', userId: 'v', eventProperties });
    const recorded = ours.events[0]?.eventProperties as typeof eventProperties;
    expect(recorded).toEqual(eventProperties);
    expect(recorded.price).toBe(price);
    expect(recorded.circle.self).toBe(recorded.circle);
    expect(Object.keys(recorded.named)).toEqual(['__proto__']);
  });

  it('has what is tracked within a transaction, whatever the database', async () => {
    const ours = recordingOf({ refuse: () => 'not on the allow-list' });
    const transaction = ours.within({ query: async () => ({ rows: [] }) });
    expect(await transaction.track({ event: 'signup', userId: 'v', distinctId: 'signup:1' })).toEqual({
      status: 'appended',
      distinctId: 'signup:1',
    });
    expect(await transaction.identify({ userId: 'v' })).toMatchObject({ status: 'appended' });
    expect(await transaction.track({ event: 'signup' })).toMatchObject({ status: 'rejected', code: 'no_identity' });
    expect([ours.events, ours.identifies]).toMatchObject([[{ distinctId: 'signup:1' }], [{ userId: 'v' }]]);
  });

  it('has people as they were identified', () => {
    const ours = recordingOf();
    ours.identify({ userId: 'v', email: 'ada@example.org', userProperties: { city: 'Bern' } });
    expect(ours.identifies).toEqual([{ userId: 'v', email: 'ada@example.org', userProperties: { city: 'Bern' } }]);
    expect(ours.events).toEqual([]);
  });

  it('delivers what it takes, identifies too', async () => {
    const ours = recordingOf();
    const receipts = [ours.track({ event: 'signup', userId: 'v' }), ours.identify({ userId: 'v' })];
    for (const receipt of receipts) expect(await receipt.settled()).toEqual({ status: 'delivered' });
    expect(await ours.flush()).toEqual({ delivered: 2, pending: 0, rejected: 0, dropped: 0, unknown: 0 });
  });

  it('needs no timer for that, so that tests may have theirs', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const ours = recordingOf({ variant: () => 'one_page' });
    expect(await ours.track({ event: 'signup', userId: 'v' }).settled()).toEqual({ status: 'delivered' });
    expect(await ours.flush()).toMatchObject({ delivered: 1, pending: 0 });
    expect(await ours.assign('checkout', { userId: 'v' })).toMatchObject({ variantName: 'one_page' });
    expect(await ours.close()).toMatchObject({ pending: 0 });
  });

  it('refuses by the rules and the catalogue of the real one, warns, and records nothing of it', async () => {
    const warnings: string[] = [];
    const ours = recordingOf({ logger: { warn: (message) => void warnings.push(message) } });
    const wrong = [
      [{ event: 'purchase', userId: 'v', eventProperties: { value: 'much' } }, 'invalid_properties'],
      [{ event: 'purchse', userId: 'v' }, 'unknown_event'],
      [{ event: 'signup' }, 'no_identity'],
    ] as const;
    for (const [input, code] of wrong) {
      expect(await ours.track(input as never).settled()).toMatchObject({ status: 'rejected', code });
    }
    ours.identify({});
    expect([ours.events, ours.identifies]).toEqual([[], []]);
    expect(warnings).toHaveLength(4);
  });

  it('refuses what it is told to as the service would, and has it among the events', async () => {
    const ours = recordingOf({ refuse: ({ distinctId }) => (distinctId === 'b' ? 'not this one' : undefined) });
    const receipts = ['a', 'b'].map((distinctId) => ours.track({ event: 'signup', userId: 'v', distinctId }));
    expect(await Promise.all(receipts.map((receipt) => receipt.settled()))).toEqual([
      { status: 'delivered' },
      { status: 'rejected', code: 'invalid_event', message: 'not this one' },
    ]);
    await expect(receipts[1]!.stored()).rejects.toMatchObject({ code: 'rejected', retryable: false });
    expect(ours.events).toHaveLength(2);
  });

  it('records what beforeSend made of an event, and nothing of what it dropped', () => {
    const ours = recordingOf({
      beforeSend: (event) => (event.userId === 'bot' ? null : { ...event, email: undefined }),
    });
    ours.track({ event: 'signup', userId: 'bot' });
    ours.track({ event: 'signup', userId: 'v', email: 'ada@example.org' });
    expect(ours.events).toMatchObject([{ userId: 'v', email: undefined }]);
  });

  it('tells onOutcome how every event ended', async () => {
    const heard: string[] = [];
    const ours = recordingOf({ onOutcome: ({ status }, { event }) => void heard.push(`${event} ${status}`) });
    ours.track({ event: 'signup', userId: 'v' });
    ours.track({ event: 'signup' });
    await ours.flush();
    expect(heard).toEqual(['signup rejected', 'signup delivered']);
    expect(ours.events).toHaveLength(1);
  });

  it('records what the guard leaves of an event, and nothing of what it refuses', async () => {
    const refusing = createRecordingClient({ ...quiet, guard: createGuard() });
    const named = { event: 'signup', userId: 'v', eventProperties: { note: 'ada@example.org' } };
    expect(await refusing.track(named).settled()).toMatchObject({ status: 'rejected', code: 'guarded' });
    expect(refusing.events).toEqual([]);

    const ours = recordingOf({ guard: (event) => ({ ...event, userProperties: undefined }) });
    const person = { userId: 'v', userProperties: { city: 'Bern' } };
    ours.track({ event: 'signup', ...person, distinctId: 'a' });
    ours.identify(person);
    expect(ours.events).toEqual([{ event: 'signup', userId: 'v', distinctId: 'a', userProperties: undefined }]);
    expect(ours.identifies).toEqual([{ userId: 'v', userProperties: undefined }]);
  });

  it('records what callbacks track within a call once, under its own id', () => {
    const ours = recordingOf({
      beforeSend(event) {
        if (event.event === 'purchase') ours.track({ event: 'signup', userId: 'v', distinctId: 'inner' });
        return event;
      },
      onOutcome({ status }) {
        if (status === 'rejected') ours.track({ event: 'signup', userId: 'v', distinctId: 'after' });
      },
    });
    ours.track({ event: 'purchase', userId: 'v', eventProperties: { value: 1 }, distinctId: 'outer' });
    ours.track({ event: 'signup', userId: '', distinctId: 'wrong' });
    expect(ours.events.map(({ event, distinctId }) => [event, distinctId])).toEqual([
      ['signup', 'inner'],
      ['purchase', 'outer'],
      ['signup', 'after'],
    ]);
  });

  it('falls back like the real one if nothing is asked', async () => {
    const ours = createRecordingClient(quiet);
    expect(await ours.assign('checkout', undefined as never)).toMatchObject({ reason: 'fallback' });
  });

  it('answers questions for a variant and keeps them', async () => {
    const ours = recordingOf({ variant: (key, visitor) => (visitor === 'v' ? `${key} of ${visitor}` : undefined) });
    const assigned = await ours.visitor({ userId: 'v' }).assign('check/out');
    expect(assigned).toMatchObject({ inExperiment: true, variantName: 'check/out of v', reason: 'assigned' });
    await ours.assign('check/out', { userId: 'w' });
    await ours.assign('check/out', { userId: undefined });
    expect(ours.assignments.map(({ userId, assignment }) => [userId, assignment.reason])).toEqual([
      ['v', 'assigned'],
      ['w', 'not_assigned'],
      [undefined, 'no_visitor'],
    ]);
  });

  it('falls back where the answer throws, as in an outage', async () => {
    const ours = recordingOf({
      variant: () => {
        throw new Error('down');
      },
    });
    expect(await ours.assign('checkout', { userId: 'v' })).toMatchObject({ reason: 'fallback' });
  });

  it('forgets what it is told to forget', async () => {
    const ours = recordingOf();
    ours.track({ event: 'signup', userId: 'v' });
    ours.identify({ userId: 'v' });
    await ours.assign('checkout', { userId: 'v' });
    ours.clear();
    expect([ours.events, ours.identifies, ours.assignments]).toEqual([[], [], []]);
    ours.track({ event: 'signup', userId: 'w' });
    expect(ours.events).toMatchObject([{ userId: 'w' }]);
  });

  it('holds times of events against the clock it is given', async () => {
    const ours = recordingOf({ now: () => 1_000_000 });
    expect(await ours.track({ event: 'signup', userId: 'v', time: 999_999 }).settled()).toEqual({
      status: 'delivered',
    });
    expect(await ours.track({ event: 'signup', userId: 'v', time: Date.now() }).settled()).toMatchObject({
      code: 'invalid_time',
    });
  });

  it('drops what comes after its end', async () => {
    const ours = recordingOf();
    await ours.close();
    expect(await ours.track({ event: 'signup', userId: 'v' }).settled()).toMatchObject({ reason: 'closed' });
    expect(ours.events).toEqual([]);
  });
});
