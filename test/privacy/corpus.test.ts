import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createGuard } from '../../src/privacy/guard.js';
import { findPersonal } from '../../src/privacy/personal-values.js';
import { rig } from '../support/client.js';
import { createStore, openOutbox } from '../support/stores.js';
import { createDraw, ORDINARY, personalValues } from './corpus.js';

const SEED = 20_261_129;
const VALUES = personalValues(createDraw(SEED), 2_000);

/** What of the corpus occurs in a text. */
function leaks(text: string): string[] {
  return VALUES.map(({ needle }) => needle).filter((needle) => text.includes(needle));
}

/** Everything that any channel publishes until the test ends. */
function publishedText(): () => string {
  const published: unknown[] = [];
  const listener = (message: unknown): void => void published.push(message);
  const channels = ['track', 'append', 'request', 'retry', 'settle', 'circuit'].map((name) => `ours-ingest:${name}`);
  for (const channel of channels) subscribe(channel, listener);
  onTestFinished(() => {
    for (const channel of channels) unsubscribe(channel, listener);
  });
  return () => JSON.stringify(published);
}

describe('of 2,000 personal values in properties', () => {
  it.each(['refuse', 'remove', 'hash'] as const)(
    "none reaches the service, a log line, an outcome or a channel: found: '%s'",
    async (found) => {
      const published = publishedText();
      const { client, collector, warnings, outcomes } = await rig({ guard: createGuard({ found }), debug: true });
      for (const { value } of VALUES) {
        client.track({ event: 'purchase', userId: 'v1', eventProperties: { order_id: 'o1', note: value } });
      }
      await client.flush();
      expect(collector.events()).toHaveLength(found === 'refuse' ? 0 : VALUES.length);
      expect(leaks(JSON.stringify(collector.events()))).toEqual([]);
      expect(leaks([...warnings, JSON.stringify(outcomes), published()].join('\n'))).toEqual([]);
      const refused = outcomes.filter(({ status }) => status === 'rejected');
      expect(refused).toHaveLength(found === 'refuse' ? VALUES.length : 0);
      for (const outcome of refused)
        expect(outcome).toMatchObject({ code: 'guarded', message: /note|name of a property/ });
    },
  );

  it('none reaches a dead letter', async () => {
    const { place, remove } = await createStore('sqlite');
    onTestFinished(remove);
    const { outbox } = await openOutbox(place);
    const { client, collector } = await rig({ guard: createGuard({ found: 'remove' }), outbox });
    collector.faults.set(() => ({ kind: 'status', status: 422, body: { success: false, error: 'no' } }));
    for (const { value } of VALUES.slice(0, 200)) {
      client.track({ event: 'purchase', userId: 'v1', eventProperties: { note: value } });
    }
    await client.flush();
    const letters = await outbox.deadLetters.list({ limit: 1_000 });
    expect(letters).toHaveLength(200);
    const texts = letters.map(({ entry, outcome }) => new TextDecoder().decode(entry?.body) + JSON.stringify(outcome));
    expect(leaks(texts.join('\n'))).toEqual([]);
  });
});

it('none passes as the name of a property, the name of an event, its id, or in an address', async () => {
  const published = publishedText();
  const { client, collector, warnings, outcomes } = await rig({ guard: createGuard({ found: 'remove' }), debug: true });
  for (const { needle } of VALUES) {
    client.track({ event: 'purchase', userId: 'v1', eventProperties: { [needle]: 1, deep: { [needle]: 1 } } });
    client.track({ event: needle.slice(0, 200), userId: 'v1' });
    client.track({ event: 'purchase', userId: 'v1', distinctId: `purchase:${needle}` });
    client.track({
      event: 'purchase',
      userId: 'v1',
      defaultProperties: {
        current_url: `https://shop.example/thanks/${encodeURI(needle)}?q=${encodeURI(needle)}`,
        title: `Thanks, ${needle}`,
      },
    });
  }
  await client.flush();
  expect(leaks(JSON.stringify(collector.events()))).toEqual([]);
  expect(leaks([...warnings, JSON.stringify(outcomes), published()].join('\n'))).toEqual([]);
});

it('none passes in an address as a form or a browser encodes it', () => {
  const guard = createGuard();
  for (const { needle } of VALUES) {
    const current_url = `https://shop.example/thanks?${new URLSearchParams({ q: needle, plan: 'pro' })}`;
    const pathname = `/u/${encodeURIComponent(needle)}/thanks`;
    expect(guard({ event: 'purchase', userId: 'v1', defaultProperties: { current_url, pathname } })).toMatchObject({
      defaultProperties: {
        current_url: 'https://shop.example/thanks?q=removed&plan=pro',
        pathname: '/u/removed/thanks',
      },
    });
  }
});

describe('ordinary values', () => {
  const draw = createDraw(SEED);
  /** What `docs/privacy.md` states, in 10,000 of each kind. */
  const EXPECTED: Readonly<Record<string, number>> = { 'order ids of 16 digits': 400 };

  it.each(Object.entries(ORDINARY))('%s pass', (kind, make) => {
    const values = Array.from({ length: 10_000 }, () => String(make(draw)));
    const found = values.filter((value) => findPersonal(value) !== undefined);
    expect(found.length, found.slice(0, 5).join()).toBeLessThanOrEqual(EXPECTED[kind] ?? 0);
  });
});
