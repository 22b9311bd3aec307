import { describe, expect, it } from 'vitest';
import { watchOperations, withoutClose } from '../../src/cli/relay-outbox.js';
import type { DurableOutbox } from '../../src/outbox/outbox.js';

/** An outbox that records the operations called on it. */
function recording(fails: () => boolean = () => false) {
  const called: string[] = [];
  const operation = (name: string) => async (): Promise<unknown> => {
    called.push(name);
    if (fails()) throw new Error(`${name} failed`);
    return name;
  };
  const names = [
    'append',
    'claim',
    'ack',
    'release',
    'deadLetter',
    'lookUp',
    'oldest',
    'forget',
    'mark',
    'stats',
    'close',
  ];
  const outbox = Object.fromEntries(names.map((name) => [name, operation(name)])) as unknown as DurableOutbox;
  return { outbox, called };
}

describe('an outbox without close', () => {
  it('forwards every operation but close', async () => {
    const { outbox, called } = recording();
    const open = withoutClose(outbox);
    expect(await open.oldest()).toBe('oldest');
    expect(await open.stats()).toBe('stats');
    await open.close();
    expect(called).toEqual(['oldest', 'stats']);
  });
});

describe('a watched outbox', () => {
  it('reports a failure until a claim succeeds', async () => {
    let isBroken = true;
    const { outbox } = recording(() => isBroken);
    const watched = watchOperations(outbox);
    expect(watched.failure()).toBeUndefined();
    await expect(watched.outbox.ack([])).rejects.toThrow('ack failed');
    expect(watched.failure()).toBe('ack failed');
    isBroken = false;
    // It may have asked the server nothing.
    await watched.outbox.release([], 0);
    expect(watched.failure()).toBe('ack failed');
    await watched.outbox.claim({ maxEntries: 1, maxBytes: 1, leaseMs: 1 });
    expect(watched.failure()).toBeUndefined();
  });

  it('does not count questions about its health', async () => {
    const { outbox } = recording(() => true);
    const watched = watchOperations(outbox);
    await expect(watched.outbox.oldest()).rejects.toThrow('oldest failed');
    expect(watched.failure()).toBeUndefined();
  });
});
