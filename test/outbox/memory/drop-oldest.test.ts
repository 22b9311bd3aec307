import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryOutbox } from '../../../src/outbox/memory.js';
import { idsOf, trackEntry } from '../../support/entries.js';

const EVERYTHING = { maxEntries: 1e6, maxBytes: 1e9, leaseMs: 1_000 };
const append = (...ids: string[]) => ids.map((id) => trackEntry(id));

describe('drop-oldest', () => {
  it.each([0, 60_000])(
    'drops what was released with a delay of %i ms before what never was claimed',
    async (delayMs) => {
      const outbox = createMemoryOutbox({ maxQueueSize: 4, whenFull: 'drop-oldest', monotonic: () => 0 });
      await outbox.append(append('a', 'b', 'c', 'd'));
      const [a, b] = await outbox.claim({ ...EVERYTHING, maxEntries: 2 });
      await outbox.release([b!], delayMs);
      await outbox.release([a!], delayMs);
      const dropped: string[] = [];
      for (const id of ['e', 'f', 'g']) dropped.push(...idsOf((await outbox.append(append(id))).dropped));
      expect(dropped).toEqual(['a', 'b', 'c']);
    },
  );

  it('drops the oldest that waits, whatever was claimed, released and settled before', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('append' as const) }),
      fc.record({ kind: fc.constant('claim' as const), count: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ kind: fc.constantFrom('release' as const, 'ack' as const), pick: fc.nat() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
        const outbox = createMemoryOutbox({ maxQueueSize: 5, whenFull: 'drop-oldest', monotonic: () => 0 });
        const waiting = new Set<number>();
        const held = new Map<number, ReturnType<typeof trackEntry>>();
        let last = 0;
        for (const one of steps) {
          if (one.kind === 'append') {
            last += 1;
            const id = last;
            const isFull = waiting.size + held.size >= 5;
            const oldest = waiting.size === 0 ? id : Math.min(...waiting);
            const { dropped } = await outbox.append(append(String(id)));
            expect(idsOf(dropped)).toEqual(isFull ? [String(oldest)] : []);
            waiting.add(id);
            if (isFull) waiting.delete(oldest);
          } else if (one.kind === 'claim') {
            for (const entry of await outbox.claim({ ...EVERYTHING, maxEntries: one.count })) {
              waiting.delete(Number(entry.distinctId));
              held.set(Number(entry.distinctId), entry);
            }
          } else if (held.size > 0) {
            const [id, entry] = [...held][one.pick % held.size]!;
            held.delete(id);
            if (one.kind === 'ack') await outbox.ack([entry]);
            else {
              await outbox.release([entry], 0);
              waiting.add(id);
            }
          }
        }
      }),
    );
  });
});
