import { expect, it } from 'vitest';
import { seeded } from '../support/client.js';
import { type Ending, simulate } from '../support/simulated-service.js';

const MINUTE_MS = 60_000;
const FAULTS_MS = 40 * MINUTE_MS;

it.each<[string, Ending]>([
  ['never answers', 'hang'],
  ['answers pages', { status: 403, page: true }],
])(
  'delivers within ten minutes what a part of the service that %s has held back',
  async (_, ending) => {
    const { client, taken, outcomes, now, pass, passUntil } = simulate({
      random: seeded(20_261),
      requestTimeoutMs: 2_000,
      concurrency: 2,
      endingOf: ({ ids, atMs }) => (atMs < FAULTS_MS && ids.some((id) => id.startsWith('held')) ? ending : 'ok'),
    });
    const held = Array.from({ length: 2_000 }, (_, at) => `held${at}`);
    for (const distinctId of held) client.track({ event: 'purchase', userId: 'u', distinctId });
    // What the service takes meanwhile shows that it is not an outage.
    for (let at = 0; now() < FAULTS_MS; at += 1) {
      client.track({ event: 'page_viewed', userId: 'u', distinctId: `passes${at}` });
      await pass(10_000);
    }
    expect(held.some((id) => taken.has(id))).toBe(false);
    expect(await passUntil(() => held.every((id) => taken.has(id)), 10 * MINUTE_MS)).toBe(true);
    expect(outcomes.every(({ status }) => status === 'delivered')).toBe(true);
  },
  120_000,
);
