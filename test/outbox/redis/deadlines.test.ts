import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createRedisOutbox, type DurableOutbox } from '../../../src/outbox/redis/index.js';
import { idsOf, trackEntry } from '../../support/entries.js';
import { EVERYTHING, UNDELIVERED } from '../contract.js';
import { redisUrl } from './store.js';

/** A limit for what hangs: how long it takes depends on the machine. */
const LIMIT_MS = 60_000;

const client = new Redis(redisUrl);
afterAll(() => client.disconnect());

const many = (count: number, first = 0) => Array.from({ length: count }, (_, index) => trackEntry(`${first + index}`));

/** A client that holds commands back, and can be told to pretend that the server's clock is behind. */
function holding() {
  const held: (() => Promise<unknown>)[] = [];
  const sizes: number[] = [];
  const state = { isHolding: false, behindMs: 0, answers: true };
  const send = async (command: string, args: string[]): Promise<unknown> => {
    const [time, ...rest] = (await client.call(command, args)) as [string, ...unknown[]];
    if (!state.answers) throw new Error('read ECONNRESET');
    return [String(Number(time) - state.behindMs), ...rest];
  };
  return {
    held,
    sizes,
    state,
    call(command: string, args: string[]): Promise<unknown> {
      sizes.push(args.join('').length);
      if (!state.isHolding) return send(command, args);
      return new Promise((resolve, reject) => held.push(() => send(command, args).then(resolve, reject)));
    },
  };
}

const FAKED = ['setTimeout', 'clearTimeout', 'performance'] as const;

describe('the redis outbox, when a command arrives late', () => {
  let name: string;
  let driver: ReturnType<typeof holding>;
  let outbox: DurableOutbox;
  const stream = () => client.xlen(`{${name}}:stream`);

  beforeEach(async () => {
    name = `test-${randomUUID()}`;
    onTestFinished(async () => void (await client.unlink('nothing', ...(await client.keys(`{${name}}:*`)))));
    driver = holding();
    vi.useFakeTimers({ toFake: [...FAKED] });
    onTestFinished(() => void vi.useRealTimers());
    outbox = createRedisOutbox({ client: driver, name });
    await outbox.append(many(1));
  });

  /** Lets `ms` pass for the process; the server answers in between as it likes. */
  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) await vi.advanceTimersByTimeAsync(100);
  }

  it('does not store an append that was reported as failed', async () => {
    // Between this answer and the late command, four seconds pass on the server.
    driver.state.behindMs = 4_000;
    await outbox.stats();
    driver.state.isHolding = true;
    const failure = outbox.append(many(3, 1)).catch((error: unknown) => error);
    await pass(11_000);
    // The first attempt was sent and its answer was lost, so its result is unknown.
    expect(await failure).toMatchObject({ code: 'store_failed', storedNothing: false });
    driver.state.isHolding = false;
    await Promise.allSettled(driver.held.map((send) => send()));
    expect(await stream()).toBe(1);
  });

  it.each([
    ['an append', () => outbox.append(many(3, 1))],
    ['a claim', () => outbox.claim(EVERYTHING)],
  ])('does not carry out %s after its deadline, and knows that nothing happened', async (_, command) => {
    // The server's answers take as long as they take: fake time would run past the outbox's patience.
    vi.useRealTimers();
    outbox = createRedisOutbox({ client: driver, name });
    driver.state.behindMs = 60_000;
    // From this answer on the outbox takes the server's clock to be a minute behind.
    await outbox.stats();
    await expect(command()).rejects.toMatchObject({ code: 'store_failed', storedNothing: true });
    expect(await stream()).toBe(1);
    driver.state.behindMs = 0;
    await outbox.stats();
    expect(idsOf(await vi.waitFor(() => outbox.claim(EVERYTHING), LIMIT_MS))).toEqual(['0']);
  });

  it('replays and discards no dead letter after its deadline', async () => {
    await outbox.deadLetter(await outbox.claim(EVERYTHING), UNDELIVERED);
    driver.state.behindMs = 60_000;
    await outbox.stats();
    await expect(outbox.deadLetters.replay(['0'])).rejects.toThrow(/after its deadline/);
    await outbox.stats();
    await expect(outbox.deadLetters.discard(['0'])).rejects.toThrow(/after its deadline/);
    expect(await outbox.deadLetters.count()).toBe(1);
  });

  it('keeps to its deadline when an answer was lost, and knows that it stored the append', async () => {
    driver.state.answers = false;
    const append = outbox.append(many(2, 1));
    await vi.waitFor(async () => expect(await stream()).toBe(3), LIMIT_MS);
    driver.state.answers = true;
    await vi.waitFor(async () => {
      await pass(500);
      expect(await Promise.race([append, 'pending'])).not.toBe('pending');
    }, LIMIT_MS);
    expect(await append).toMatchObject({ dropped: [], duplicates: [] });
    expect(await stream()).toBe(3);
  });

  it('hands a client that does not answer only small questions, so that memory stays flat', async () => {
    driver.state.isHolding = true;
    driver.sizes.length = 0;
    const large = many(1, 1).map((entry) => ({ ...entry, body: Buffer.alloc(1_000_000, '1') }));
    for (let round = 0; round < 5; round += 1) {
      const failure = outbox.append(large).catch((error: unknown) => error);
      await pass(11_000);
      expect(await failure).toMatchObject({ code: 'store_failed' });
    }
    expect(driver.sizes.filter((size) => size > 1_000)).toHaveLength(1);
  });
});
