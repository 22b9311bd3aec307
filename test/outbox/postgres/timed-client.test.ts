import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { SqlClient } from '../../../src/outbox/outbox.js';
import { TimedClient } from '../../../src/outbox/postgres/timed-client.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
});

const ROWS = { rows: [] };

/** A client that keeps statements until the test answers them. */
function heldClient() {
  const held: { readonly text: string; readonly answer: () => void }[] = [];
  const client: SqlClient = {
    query: (text) =>
      new Promise((resolve) => {
        held.push({ text, answer: () => resolve(ROWS) });
      }),
  };
  return { held, timed: new TimedClient(client) };
}

/** How a promise ended, if it did. */
function watch(promise: Promise<unknown>) {
  const seen: { end?: string } = {};
  promise.then(
    () => {
      seen.end = 'answered';
    },
    (error: Error & { isTransient?: boolean }) => {
      seen.end = `${error.isTransient ? 'transient' : 'lasting'}: ${error.message}`;
    },
  );
  return seen;
}

async function lose(timed: TimedClient, count: number): Promise<void> {
  const lost = Array.from({ length: count }, () => timed.query('INSERT', []).catch(() => undefined));
  await vi.advanceTimersByTimeAsync(10_000);
  await Promise.all(lost);
}

describe('an SQL client of any kind', () => {
  it('has 10 seconds for an answer; then the statement fails for a reason that passes', async () => {
    const { timed } = heldClient();
    const seen = watch(timed.query('INSERT', []));
    await vi.advanceTimersByTimeAsync(9_999);
    expect(seen.end).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(seen.end).toMatch(/^transient: the database has not answered within 10 seconds: check/);
  });

  it('gets no more after 4 statements unanswered, but for one ping at a time', async () => {
    const { held, timed } = heldClient();
    await lose(timed, 4);
    for (let second = 0; second < 60; second += 1) {
      const seen = watch(timed.query('INSERT', ['x'.repeat(1_000)]));
      await vi.advanceTimersByTimeAsync(1_000);
      expect(seen.end).toMatch(/^transient: the SQL client has left 4 statements unanswered/);
    }
    const after = held.slice(4).map(({ text }) => text);
    expect(new Set(after)).toEqual(new Set(['SELECT 1']));
    expect(after.length).toBeLessThanOrEqual(6);
  });

  it('gets statements again once a ping is answered', async () => {
    const { held, timed } = heldClient();
    await lose(timed, 4);
    await expect(timed.query('INSERT', [])).rejects.toThrow(/unanswered/);
    held.at(-1)!.answer();
    await vi.advanceTimersByTimeAsync(0);
    const seen = watch(timed.query('INSERT', []));
    held.at(-1)!.answer();
    await vi.advanceTimersByTimeAsync(0);
    expect(seen.end).toBe('answered');
  });

  it('gets statements again once it answers one of those it had left', async () => {
    const { held, timed } = heldClient();
    await lose(timed, 4);
    held[0]!.answer();
    await vi.advanceTimersByTimeAsync(0);
    watch(timed.query('UPDATE', []));
    expect(held.at(-1)!.text).toBe('UPDATE');
  });

  it('that fails is a failure, also where it throws', async () => {
    const failing = new TimedClient({ query: () => Promise.reject(new Error('refused')) });
    await expect(failing.query('INSERT', [])).rejects.toThrow('refused');
    const throwing = new TimedClient({
      query() {
        throw new Error('no client at all');
      },
    });
    await expect(throwing.query('INSERT', [])).rejects.toThrow('no client at all');
  });
});

describe('a single connection', () => {
  /** Two users of one `pg` Client, as an outbox and a store of exposures are. */
  function heldConnection() {
    const held: { readonly text: string; readonly answer: () => void }[] = [];
    const client = {
      connect: () => Promise.resolve(),
      on: () => undefined,
      query: (text: string) =>
        new Promise<typeof ROWS>((resolve) => {
          held.push({ text, answer: () => resolve(ROWS) });
        }),
    };
    return { held, timed: new TimedClient(client), other: new TimedClient(client) };
  }
  const texts = (held: readonly { readonly text: string }[]): string[] => held.map(({ text }) => text);

  it('gets one statement at a time, in order', async () => {
    const { held, timed, other } = heldConnection();
    const all = Promise.all([timed.query('A', []), other.query('B', []), timed.query('C', [])]);
    for (const expected of [['A'], ['A', 'B'], ['A', 'B', 'C']]) {
      await vi.advanceTimersByTimeAsync(0);
      expect(texts(held)).toEqual(expected);
      held.at(-1)!.answer();
    }
    await all;
  });

  it('never gets a statement that timed out before its turn', async () => {
    const { held, timed } = heldConnection();
    const seen = [watch(timed.query('A', [])), watch(timed.query('B', []))];
    await vi.advanceTimersByTimeAsync(10_000);
    expect(seen.map(({ end }) => end)).toEqual(Array(2).fill(expect.stringMatching(/^transient: .* 10 seconds/)));
    const later = watch(timed.query('C', []));
    held[0]!.answer();
    await vi.advanceTimersByTimeAsync(0);
    expect(texts(held)).toEqual(['A', 'C']);
    held[1]!.answer();
    await vi.advanceTimersByTimeAsync(0);
    expect(later.end).toBe('answered');
  });
});

/** A pool of connections, of which the first are silent. */
function poolWith(silent: number) {
  const idle: Connection[] = [];
  const waiting: ((connection: Connection) => void)[] = [];
  class Connection {
    readonly isSilent: boolean;
    isDestroyed = false;
    listeners = 0;
    #terminate: (error: Error) => void = () => undefined;
    readonly #terminated = new Promise<never>((_, reject) => {
      this.#terminate = reject;
    });
    constructor(isSilent: boolean) {
      this.isSilent = isSilent;
      this.#terminated.catch(() => undefined);
    }
    query(): Promise<unknown> {
      return this.isSilent ? this.#terminated : Promise.resolve(ROWS);
    }
    on(): void {
      this.listeners += 1;
    }
    removeListener(): void {
      this.listeners -= 1;
    }
    release(isBroken?: boolean): void {
      if (!isBroken) return void idle.push(this);
      this.isDestroyed = true;
      this.#terminate(new Error('Connection terminated'));
    }
  }
  const made = Array.from({ length: silent }, () => new Connection(true));
  idle.push(...made);
  let isEmpty = false;
  const pool = {
    query: () => Promise.reject(new Error('the outbox must check out its own connection')),
    on: () => undefined,
    totalCount: silent,
    get idleCount() {
      return idle.length;
    },
    connect: (): Promise<Connection> =>
      isEmpty ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(idle.pop() ?? new Connection(false)),
  };
  return {
    made,
    idle,
    waiting,
    timed: new TimedClient(pool as never),
    fresh: () => new Connection(false),
    exhaust: () => {
      isEmpty = true;
    },
  };
}

describe('a pool of pg', () => {
  it('has every silent connection replaced after the first one that does not answer in time', async () => {
    const { made, timed } = poolWith(5);
    const seen = watch(timed.query('INSERT', [], 5_000));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(seen.end).toMatch(/^transient: the database has not answered within 5 seconds/);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(made.map(({ isDestroyed }) => isDestroyed)).toEqual(Array(5).fill(true));
    await expect(timed.query('INSERT', [])).resolves.toBe(ROWS);
  });

  it('has its connections back as they were', async () => {
    const { idle, timed } = poolWith(0);
    await timed.query('INSERT', []);
    await timed.query('INSERT', []);
    expect(idle).toHaveLength(1);
    expect(idle[0]!.listeners).toBe(0);
  });

  it('has a connection back at once that it lends too late', async () => {
    const { idle, waiting, timed, fresh, exhaust } = poolWith(0);
    exhaust();
    await lose(timed, 1);
    waiting[0]!(fresh());
    await vi.advanceTimersByTimeAsync(0);
    expect(idle).toHaveLength(1);
  });

  it('that lends nothing is asked for no more than 4 connections and one for a ping', async () => {
    const { waiting, timed, exhaust } = poolWith(0);
    exhaust();
    await lose(timed, 4);
    for (let more = 0; more < 100; more += 1) {
      await expect(timed.query('INSERT', [])).rejects.toThrow(/unanswered/);
    }
    expect(waiting).toHaveLength(5);
  });
});
