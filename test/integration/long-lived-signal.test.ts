import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { arrived, rig, trackMany } from '../support/client.js';

it('removes its listeners from a signal that outlives the waits', async () => {
  const { client, collector } = await rig({ experimentToken: 'exp_shop', assignTimeoutMs: 60_000 });
  const controller = new AbortController();
  const { signal } = controller;
  for (let round = 0; round < 20; round++) {
    const receipt = client.track({ event: 'purchase', userId: 'v', distinctId: `e${round}` });
    const waits: Promise<unknown>[] = [
      receipt.stored({ signal }),
      receipt.settled({ signal }),
      client.flush({ signal }),
    ];
    waits.push(client.assign('checkout', { userId: `v${round}`, signal }));
    waits.push(client.personalization({ userId: `v${round}`, signal }));
    // Node 20 warns of a leak from the eleventh listener on.
    expect(getEventListeners(signal, 'abort').length).toBeLessThanOrEqual(1);
    await Promise.all(waits);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  }
  trackMany(client, 3, 'last ');
  await client.close({ signal });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  expect(arrived(collector)).toHaveLength(23);
});
