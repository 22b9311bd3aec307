import { describe, expect, it } from 'vitest';
import { createEventIngest } from '../../../src/collector/ingest/event-ingest.js';
import type { Arrival } from '../../../src/collector/store/collected-event.js';
import { openStore } from '../store/opened-store.js';

const NOW = 2_000;

function opened(observe?: (arrival: Arrival) => void) {
  const { store, log } = openStore();
  const ingest = createEventIngest({ store, now: () => NOW, observe });
  const heard: (readonly number[])[] = [];
  const unsubscribe = ingest.subscribe((numbers) => void heard.push(numbers));
  return { ingest, log, heard, unsubscribe };
}

describe('the event ingest', () => {
  it('stores the rows of a request and notifies its listeners once', () => {
    const { ingest, log, heard } = opened();
    const result = ingest.receive('token', (delivery, receivedAt) => {
      delivery.accept({ event: 'a', userId: 'v', distinctId: '1' });
      delivery.refuse('b: invalid');
      delivery.accept({ event: 'c', userId: 'v', distinctId: '2' });
      return receivedAt;
    });
    expect(result).toBe(NOW);
    expect(log.collected().map(({ event }) => event)).toEqual(['a', 'c']);
    expect(heard).toEqual([[1, 2]]);
    expect(ingest.refused()).toEqual([{ kind: 'refused', message: 'b: invalid', receivedAt: NOW }]);
  });

  it('stores nothing of a request that fails', () => {
    const { ingest, log, heard } = opened();
    const fail = () =>
      ingest.receive('token', (delivery) => {
        delivery.accept({ event: 'a', userId: 'v' });
        throw new Error('broken');
      });
    expect(fail).toThrow('broken');
    expect([log.collected(), heard, [...ingest.tokensHeard]]).toEqual([[], [], []]);
  });

  it('remembers the tokens that sent accepted rows, and no others', () => {
    const { ingest } = opened();
    ingest.receive('good', (delivery) => delivery.accept({ event: 'a', userId: 'v' }));
    ingest.receive('bad', (delivery) => delivery.refuse('a: invalid'));
    expect([...ingest.tokensHeard]).toEqual([['good', NOW]]);
  });

  it('remembers the latest 100 refusals, the newest first', () => {
    const { ingest } = opened();
    for (let i = 0; i < 150; i++) ingest.refuse(`row ${i}`);
    expect(ingest.refused()).toHaveLength(100);
    expect(ingest.refused()[0]?.message).toBe('row 149');
  });

  it('clears the log, the refusals and the tokens', () => {
    const { ingest, log, heard } = opened();
    ingest.receive('token', (delivery) => delivery.accept({ event: 'a', userId: 'v' }));
    ingest.refuse('b: invalid');
    ingest.clear();
    expect([log.collected(), ingest.refused(), [...ingest.tokensHeard]]).toEqual([[], [], []]);
    expect(heard.at(-1)).toEqual([]);
  });

  it('passes every arrival to the observer, and survives its exceptions', () => {
    const kinds: string[] = [];
    const { ingest, log } = opened((arrival) => {
      kinds.push(arrival.kind);
      throw new Error('observer');
    });
    ingest.receive('token', (delivery) => {
      for (let i = 0; i < 2; i++) delivery.accept({ event: 'a', userId: 'v', distinctId: '1' });
      delivery.refuse('b: invalid');
    });
    expect(kinds).toEqual(['accepted', 'duplicate', 'refused']);
    expect(log.collected()).toHaveLength(1);
  });

  it('calls no listener after it unsubscribed', () => {
    const { ingest, heard, unsubscribe } = opened();
    unsubscribe();
    ingest.refuse('a: invalid');
    expect(heard).toEqual([]);
  });
});
