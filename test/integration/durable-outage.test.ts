import { describe, expect, it } from 'vitest';
import { arrived, rig, trackMany } from '../support/client.js';
import { createStore, missingFor, openOutbox, STORE_KINDS } from '../support/stores.js';

/** Those of ten seconds at 2,000 a second; `npm run bench -- outbox-outage` has ten minutes of them. */
const DURING = 20_000;
const AFTERWARDS = 2_000;
const GROUP = 500;

describe.for(STORE_KINDS)('a long outage of the service, with the %s outbox', (kind) => {
  it.skipIf(missingFor(kind) !== undefined)(
    'loses nothing, sends nothing twice, and drains while events go on coming',
    { timeout: 300_000 },
    async () => {
      const store = await createStore(kind);
      const { outbox, disconnect } = await openOutbox(store.place);
      const { client, collector, warnings } = await rig({ outbox, flushIntervalMs: 20 });
      try {
        collector.faults.set(() => ({ kind: 'status', status: 503 }));
        const ids: string[] = [];
        const track = async (count: number): Promise<void> => {
          for (const end = ids.length + count; ids.length < end; ) {
            ids.push(...trackMany(client, GROUP - 1, `${ids.length} `));
            const distinctId = `last ${ids.length}`;
            ids.push(distinctId);
            await client.track({ event: 'purchase', userId: 'v', distinctId }).stored();
          }
        };
        await track(DURING);
        const { waiting, claimed } = await outbox.stats();
        expect(waiting + claimed).toBe(DURING);
        expect(arrived(collector)).toEqual([]);
        collector.faults.clear();
        await track(AFTERWARDS);
        const total = DURING + AFTERWARDS;
        expect(await client.flush()).toEqual({ delivered: total, pending: 0, rejected: 0, dropped: 0, unknown: 0 });
        expect(arrived(collector).sort()).toEqual(ids.sort());
        expect(collector.duplicates).toBe(0);
        expect(await outbox.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
        expect(await outbox.deadLetters.count()).toBe(0);
        expect(warnings).toEqual([expect.stringContaining('HTTP 503')]);
      } finally {
        await client.close();
        await disconnect();
        await store.remove();
      }
    },
  );
});
