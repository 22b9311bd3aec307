import { expect, it } from 'vitest';
import { rig } from '../support/client.js';

it('stats() counts an event of the same tick, and shows an open circuit breaker', async () => {
  const { client, collector } = await rig();
  collector.faults.next({ kind: 'status', status: 503, headers: { 'retry-after': '60' } });
  expect(await client.stats()).toMatchObject({ waiting: 0, claimed: 0, circuit: 'closed' });
  client.track({ event: 'purchase', userId: 'v1' });
  expect(await client.stats()).toMatchObject({ waiting: 1, oldestAgeMs: expect.any(Number), deadLetters: 0 });
  void client.flush();
  await expect.poll(() => client.stats()).toMatchObject({ waiting: 1, claimed: 0, circuit: 'open' });
});
