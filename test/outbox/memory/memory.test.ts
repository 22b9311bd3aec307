import { describe, expect, it } from 'vitest';
import { createMemoryOutbox } from '../../../src/outbox/memory.js';
import { createQueue } from '../../../src/outbox/queue.js';
import type { Entry } from '../../../src/protocol/event.js';
import { track } from '../../protocol/encoding.js';
import { idsOf, trackEntry } from '../../support/entries.js';
import { describeOutbox } from '../contract.js';

describeOutbox('memory', ({ now, ...limits }) => createMemoryOutbox({ ...limits, monotonic: now }), {
  drops: ['drop-newest', 'drop-oldest'],
  runs: 500,
});

const everything = { maxEntries: 1e6, maxBytes: 1e9, leaseMs: 1000 };

describe('the memory outbox', () => {
  it('is not durable, and says so', () => {
    expect(createMemoryOutbox().durable).toBe(false);
  });

  it('may store an id twice', async () => {
    const outbox = createMemoryOutbox();
    await outbox.append([trackEntry('a')]);
    await outbox.append([trackEntry('a'), trackEntry('b')]);
    expect(idsOf(await outbox.claim(everything))).toEqual(['a', 'a', 'b']);
  });

  it('keeps apart what several appends bring of the same entry, in one outbox and in two', async () => {
    const [entry, other] = [track({}), track({})].map((encoded) => encoded as Entry);
    const [outbox, second] = [createMemoryOutbox(), createMemoryOutbox()];
    await outbox.append([entry!, other!, entry!]);
    await second.append([entry!]);
    expect(await outbox.stats()).toMatchObject({ waiting: 3, bytes: 2 * entry!.body.length + other!.body.length });
    const claimed = await outbox.claim(everything);
    expect(idsOf(claimed)).toEqual([entry, other, entry].map((one) => one!.distinctId));
    await second.claim(everything);
    await outbox.ack([claimed[0]!]);
    expect(await outbox.stats()).toMatchObject({ waiting: 0, claimed: 2 });
    expect(await second.stats()).toMatchObject({ waiting: 0, claimed: 1 });
    await outbox.ack(claimed);
    expect(await outbox.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
  });

  it('hands back what the appender put on an entry, dropped ones included', async () => {
    const outbox = createMemoryOutbox({ maxQueueSize: 1, whenFull: 'drop-oldest' });
    const [first, second] = [Symbol('first'), Symbol('second')];
    await outbox.append([{ ...trackEntry('a'), owner: first }]);
    const { dropped } = await outbox.append([{ ...trackEntry('b'), owner: second }]);
    expect(dropped.map(({ owner }) => owner)).toEqual([first]);
    expect((await outbox.claim(everything)).map(({ owner }) => owner)).toEqual([second]);
  });

  it('does not keep the buffer that a waiting row shares with delivered ones', async () => {
    const slab = new Uint8Array(65_536);
    const outbox = createMemoryOutbox();
    await outbox.append(
      [0, 300].map((at) => ({ ...trackEntry(`e${at}`), body: slab.subarray(at, at + 300).fill(at) })),
    );
    const claimed = await outbox.claim(everything);
    await outbox.ack(claimed.slice(1));
    await outbox.release(claimed.slice(0, 1), 0);
    const [kept] = await outbox.claim(everything);
    expect(kept!.body).toEqual(new Uint8Array(300));
    expect(kept!.body.buffer.byteLength).toBe(300);
  });

  it('keeps rows in a shared buffer that wait together, as in an outage: copies would double the memory', async () => {
    const outbox = createMemoryOutbox();
    const slabs = [new Uint8Array(65_536), new Uint8Array(65_536)];
    const rows = slabs.flatMap((slab) =>
      Array.from({ length: 200 }, (_, at) => slab.subarray(at * 300, (at + 1) * 300)),
    );
    await outbox.append(rows.map((body, at) => ({ ...trackEntry(`e${at}`), body })));
    await outbox.release(await outbox.claim({ ...everything, maxEntries: 250 }), 0);
    const claimed = await outbox.claim(everything);
    expect(claimed.map(({ body }) => body.buffer.byteLength)).toEqual([
      ...Array(200).fill(65_536),
      // Their neighbours were not released with them. One more had been too many for the claim.
      ...Array(51).fill(300),
      ...Array(149).fill(65_536),
    ]);
  });

  it('hands out in the order of append what was released in another', async () => {
    const outbox = createMemoryOutbox();
    await outbox.append(['a', 'b', 'c'].map((id) => trackEntry(id)));
    const [a, b] = await outbox.claim({ ...everything, maxEntries: 2 });
    await outbox.release([b!], 0);
    await outbox.release([a!], 0);
    expect(idsOf(await outbox.claim(everything))).toEqual(['a', 'b', 'c']);
  });

  it('ends a lease only for what it still holds', async () => {
    let now = 0;
    const outbox = createMemoryOutbox({ monotonic: () => now });
    await outbox.append(['a', 'b'].map((id) => trackEntry(id)));
    const [a] = await outbox.claim(everything);
    await outbox.release([a!], 0);
    now = 500;
    expect(idsOf(await outbox.claim(everything))).toEqual(['a']);
    now = 1000;
    expect(idsOf(await outbox.claim(everything))).toEqual(['b']);
  });

  it('drops the newest when nothing else is said, above a hundred thousand entries', async () => {
    const outbox = createMemoryOutbox();
    const entries = Array.from({ length: 100_001 }, (_, index) => trackEntry(String(index)));
    expect(idsOf((await outbox.append(entries)).dropped)).toEqual(['100000']);
  });
});

describe('the queue below it', () => {
  it('gives back in order what came, through any number of pushes and shifts', () => {
    const queue = createQueue<number>();
    expect(queue.shift()).toBeUndefined();
    expect(queue.peek()).toBeUndefined();
    let pushed = 0;
    let shifted = 0;
    for (let round = 0; round < 5000; round += 1) {
      for (let count = 0; count < 3; count += 1) queue.push(pushed++);
      for (let count = 0; count < 2; count += 1) expect(queue.shift()).toBe(shifted++);
    }
    expect(queue.size).toBe(5000);
    expect(queue.peek()).toBe(shifted);
    while (queue.size > 0) expect(queue.shift()).toBe(shifted++);
    expect(shifted).toBe(pushed);
    queue.push(-1);
    expect([queue.peek(), queue.size]).toEqual([-1, 1]);
  });
});
