import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createWarnOnce } from '../../src/core/logger.js';
import type { Outcome } from '../../src/core/outcome.js';
import { createCircuitBreaker } from '../../src/delivery/circuit-breaker.js';
import { createRelay, type RelayOptions } from '../../src/delivery/relay.js';
import { createMemoryOutbox } from '../../src/outbox/memory.js';
import type { Outbox } from '../../src/outbox/outbox.js';
import type { Entry } from '../../src/protocol/event.js';
import { createSkewedClock } from '../../src/transport/clock.js';
import type { TransportRequest } from '../../src/transport/request.js';
import type { SendResult } from '../../src/transport/send-result.js';
import type { Transport } from '../../src/transport/transport.js';
import { answer, clientWith } from '../support/clients.js';
import { identifyEntry, trackEntry } from '../support/entries.js';

const DELIVERED: SendResult = { kind: 'delivered', failures: [], answer: {} };
const BUSY: SendResult = { kind: 'retryable', scope: 'service', reason: 'HTTP 503' };

const monotonic = () => performance.now();
const tracks = (count: number, prefix = 'e'): Entry[] =>
  Array.from({ length: count }, (_, at) => trackEntry(`${prefix}${at}`));

/** The ids in a batch, or the path of another request. */
function idsIn({ path, body }: TransportRequest): string[] {
  const { events } = JSON.parse(new TextDecoder().decode(body)) as { events?: { distinctId: string }[] };
  return events?.map(({ distinctId }) => distinctId) ?? [path];
}

interface Setup extends Partial<Pick<RelayOptions, 'flushAt' | 'flushIntervalMs' | 'concurrency' | 'maxRetries'>> {
  readonly outbox?: Outbox;
  readonly send?: Transport['send'];
}

function relayWith({
  outbox = createMemoryOutbox({ monotonic }),
  send = async () => DELIVERED,
  ...options
}: Setup = {}) {
  const warned: string[] = [];
  const requests: string[][] = [];
  const outcomes = new Map<string, Outcome>();
  const warnings = createWarnOnce({ warn: (message) => warned.push(message) }, monotonic);
  const { concurrency = 2 } = options;
  const random = () => 0;
  const relay = createRelay({
    outbox,
    transport: {
      async send(request, signal) {
        requests.push(idsIn(request));
        return send(request, signal);
      },
      close: async () => undefined,
    },
    breaker: createCircuitBreaker({ concurrency, monotonic, random, warnings }),
    clock: createSkewedClock({ now: Date.now, monotonic }),
    token: 'token',
    flushAt: 3,
    flushIntervalMs: 1_000,
    maxBatchBytes: 100_000,
    maxRetries: 10,
    requestTimeoutMs: 10_000,
    monotonic,
    random,
    warnings,
    onSettled(entries, outcome) {
      for (const { distinctId } of entries) outcomes.set(distinctId, outcome);
    },
    ...options,
    concurrency,
  });
  onTestFinished(() => relay.stop(0));
  return {
    relay,
    outbox,
    warned,
    requests,
    outcomes,
    async append(...entries: Entry[]) {
      await outbox.append(entries);
      relay.schedule(entries.length);
      await vi.advanceTimersByTimeAsync(0);
    },
    delivered: () => [...outcomes].filter(([, { status }]) => status === 'delivered').map(([id]) => id),
  };
}

/** A transport whose requests end when the test says so, or when their signal aborts. */
function heldTransport() {
  const open: ((result: SendResult) => void)[] = [];
  const send: Transport['send'] = (_request, signal) =>
    new Promise((resolve) => {
      open.push(resolve);
      signal?.addEventListener('abort', () => resolve({ kind: 'retryable', scope: 'request', reason: 'aborted' }));
    });
  return { open, send };
}

/** The outbox as a shared one: a durable outbox whose other processes never interfere. */
function sharedOutbox(overrides: Partial<Outbox> = {}): Outbox {
  const own = createMemoryOutbox({ monotonic });
  return { ...own, durable: true, ...overrides } as unknown as Outbox;
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }));
afterEach(() => void vi.useRealTimers());

describe('a relay', () => {
  it('sends a full batch at once', async () => {
    const { append, requests, delivered } = relayWith();
    await append(...tracks(3));
    expect(requests).toEqual([['e0', 'e1', 'e2']]);
    expect(delivered()).toEqual(['e0', 'e1', 'e2']);
  });

  it('sends the first events after 200 ms, and later ones after the flush interval', async () => {
    const { append, requests } = relayWith();
    await append(...tracks(1, 'first '));
    await vi.advanceTimersByTimeAsync(199);
    expect(requests).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(requests).toEqual([['first 0']]);
    await append(...tracks(1, 'later '));
    await vi.advanceTimersByTimeAsync(999);
    expect(requests).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(requests).toEqual([['first 0'], ['later 0']]);
  });

  it.each([1, 2, 3])('sends the rest of a burst after the flush interval, with %i senders', async (concurrency) => {
    const { append, requests } = relayWith({ concurrency });
    await append(...tracks(3 * concurrency + 1));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(requests.flat()).toHaveLength(3 * concurrency + 1);
    await append(...tracks(3 * concurrency + 2, 'later'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(requests.flat()).toHaveLength(6 * concurrency + 3);
  });

  it('sends everything at once when it is told to', async () => {
    const { append, relay, requests } = relayWith();
    await append(...tracks(1));
    relay.flushNow();
    await vi.advanceTimersByTimeAsync(0);
    expect(requests).toEqual([['e0']]);
  });

  it('sends as many batches at once as the breaker admits senders, and the next one when a sender has ended', async () => {
    const { open, send } = heldTransport();
    const { append, requests } = relayWith({ send, concurrency: 2 });
    await append(...tracks(9));
    expect(requests).toHaveLength(2);
    open[0]!(DELIVERED);
    await vi.advanceTimersByTimeAsync(0);
    expect(requests).toEqual([
      ['e0', 'e1', 'e2'],
      ['e3', 'e4', 'e5'],
      ['e6', 'e7', 'e8'],
    ]);
  });

  it('waits out an outage with one probe at a time, and sends the rest when a probe passes', async () => {
    let isDown = true;
    const { append, requests, delivered } = relayWith({ send: async () => (isDown ? BUSY : DELIVERED) });
    await append(...tracks(6));
    const before = requests.length;
    await vi.advanceTimersByTimeAsync(10_000);
    const probes = requests.slice(before);
    expect(probes.length).toBeGreaterThan(1);
    expect(probes.every((ids) => ids.length === 1)).toBe(true);
    isDown = false;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(delivered().sort()).toEqual(['e0', 'e1', 'e2', 'e3', 'e4', 'e5']);
  });

  it('sends an event after the identify it has to follow', async () => {
    const { open, send } = heldTransport();
    const { append, relay, requests } = relayWith({ send });
    await append(identifyEntry('who', { userId: 'v' }));
    relay.flushNow();
    await vi.advanceTimersByTimeAsync(0);
    await append(trackEntry('what', { userId: 'v' }));
    relay.flushNow();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(requests).toEqual([['/identify']]);
    open[0]!(DELIVERED);
    await vi.advanceTimersByTimeAsync(0);
    expect(requests).toEqual([['/identify'], ['what']]);
  });
});

describe('a relay on a shared outbox', () => {
  it('claims again while a claim was at least half full: other processes may have appended more', async () => {
    const outbox = sharedOutbox();
    const { append, requests } = relayWith({ outbox });
    await outbox.append(tracks(7, 'of others '));
    await append(...tracks(3));
    expect(requests.flat()).toHaveLength(10);
  });

  it('claims again soon after an identify was delivered: events of other processes may have waited for it', async () => {
    const claim = vi.fn(async (): Promise<readonly Entry[]> => []);
    claim.mockResolvedValueOnce([identifyEntry('who', { userId: 'v' })]);
    const { relay } = relayWith({ outbox: sharedOutbox({ claim, ack: async () => undefined }) });
    relay.flushNow();
    await vi.advanceTimersByTimeAsync(0);
    const claims = claim.mock.calls.length;
    await vi.advanceTimersByTimeAsync(199);
    expect(claim).toHaveBeenCalledTimes(claims);
    await vi.advanceTimersByTimeAsync(1);
    expect(claim).toHaveBeenCalledTimes(claims + 1);
  });
});

describe('a relay whose outbox fails', () => {
  it('warns once, tries again every second, and delivers when the outbox works again', async () => {
    const outbox = createMemoryOutbox({ monotonic });
    const claim = vi.fn(outbox.claim);
    for (let times = 0; times < 3; times++) claim.mockRejectedValueOnce(new Error('disk I/O error'));
    const { append, warned, delivered } = relayWith({ outbox: { ...outbox, claim }, concurrency: 1 });
    await append(...tracks(3));
    expect(claim).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(999);
    expect(claim).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(2_001);
    expect(warned).toEqual(['the outbox failed: disk I/O error. Events stay in it; it is retried every second.']);
    expect(delivered()).toHaveLength(3);
  });

  it('asks for fewer events after a claim that failed: the store may be too slow for so many', async () => {
    const outbox = createMemoryOutbox({ monotonic });
    const asked: number[] = [];
    let isUp = false;
    const { append, outcomes } = relayWith({
      outbox: {
        ...outbox,
        claim(options) {
          asked.push(options.maxEntries);
          return options.maxEntries > 20 ? Promise.reject(new Error('statement timeout')) : outbox.claim(options);
        },
      },
      send: async () => (isUp ? DELIVERED : BUSY),
    });
    await append(...tracks(100));
    // The window of probes widens beyond what this store can do.
    await vi.advanceTimersByTimeAsync(120_000);
    expect(Math.max(...asked)).toBeGreaterThan(20);
    isUp = true;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(outcomes.size).toBe(100);
  });

  it.each([0, 1])(
    'delivers the others of a claim although the outbox fails on one of them, with %i new events a second',
    async (perSecond) => {
      const own = createMemoryOutbox({ monotonic });
      const outbox = {
        ...own,
        durable: true,
        ack: async (entries: readonly Entry[]) => {
          if (entries.some(({ distinctId }) => distinctId === 'e3')) throw new Error('this row is broken');
          await own.ack(entries);
        },
      } as unknown as Outbox;
      const { append, relay, outcomes } = relayWith({ outbox, flushAt: 50 });
      await append(...tracks(50));
      for (let second = 0; second < 180; second += 1) {
        if (perSecond > 0) await append(...tracks(perSecond, `new ${second} `));
        await vi.advanceTimersByTimeAsync(1_000);
        relay.flushNow();
      }
      const settled = [...outcomes.keys()];
      expect(settled.filter((id) => id.startsWith('e'))).toHaveLength(49);
      // Those that were claimed with it lately may wait.
      expect(settled.length).toBeGreaterThanOrEqual(49 + 180 * perSecond - 20);
    },
  );

  it('releases what it had claimed, for a retry after ten seconds and after fifteen', async () => {
    const outbox = createMemoryOutbox({ monotonic });
    const ack = vi.fn(outbox.ack);
    ack.mockRejectedValueOnce(new Error('connection lost'));
    const release = vi.fn(outbox.release);
    const { append, relay, delivered } = relayWith({ outbox: { ...outbox, ack, release } });
    await append(...tracks(3));
    expect(release.mock.calls.map(([entries, delayMs]) => [entries.length, delayMs])).toEqual([
      [2, 10_000],
      [1, 15_000],
    ]);
    const flushAfter = async (ms: number): Promise<void> => {
      await vi.advanceTimersByTimeAsync(ms);
      relay.flushNow();
      await vi.advanceTimersByTimeAsync(0);
    };
    await flushAfter(9_999);
    expect(delivered()).toEqual([]);
    await flushAfter(1);
    expect(delivered()).toEqual(['e0', 'e1']);
    await flushAfter(5_000);
    expect(delivered()).toHaveLength(3);
  });
});

describe('a relay that stops', () => {
  it('claims nothing more', async () => {
    const { append, relay, requests } = relayWith();
    await append(...tracks(1));
    await relay.stop(0);
    await append(...tracks(5, 'late '));
    relay.flushNow();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(requests).toEqual([]);
  });

  it('lets requests end within the grace period', async () => {
    const { open, send } = heldTransport();
    const { append, relay, delivered } = relayWith({ send });
    await append(...tracks(3));
    const stopped = relay.stop(1_000);
    await vi.advanceTimersByTimeAsync(500);
    open[0]!(DELIVERED);
    await stopped;
    expect(delivered()).toHaveLength(3);
  });

  it('aborts requests after the grace period, and gives their events back to the outbox', async () => {
    const { send } = heldTransport();
    const { append, relay, outbox, outcomes } = relayWith({ send });
    await append(...tracks(3));
    const stopped = relay.stop(1_000);
    await vi.advanceTimersByTimeAsync(1_000);
    await stopped;
    expect(outcomes.size).toBe(0);
    const again = await outbox.claim({ maxEntries: 10, maxBytes: 10_000, leaseMs: 1_000 });
    expect(again.map(({ distinctId }) => distinctId)).toEqual(['e0', 'e1', 'e2']);
  });
});

describe('a relay whose outbox fails to settle what was delivered', () => {
  it.each<[string, (outbox: Outbox) => Partial<Outbox>, number, number]>([
    ['releases the events', () => ({}), 16_000, 3],
    [
      'cannot release them either',
      () => ({ release: () => Promise.reject(new Error('the disk is full')) }),
      300_000,
      2,
    ],
  ])('retries by itself if it %s, though nothing more is tracked', async (_, overrides, withinMs, count) => {
    const own = sharedOutbox();
    const ack = vi.fn(own.ack).mockRejectedValueOnce(new Error('the disk is full'));
    const { append, requests, delivered } = relayWith({ outbox: { ...own, ack, ...overrides(own) } as Outbox });
    await append(...tracks(3));
    expect(requests).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(withinMs);
    expect(requests).toHaveLength(count);
    expect(delivered()).toHaveLength(3);
  });
});

describe('a relay in front of an open breaker', () => {
  it('comes back even if the wait ends between two reads of the clock', async () => {
    let now = 0;
    let moves = false;
    // Once it moves, the first read finds the breaker open by a hair and every later one finds its wait over.
    const movingClock = (): number => {
      if (!moves) return now;
      moves = false;
      const before = now;
      now += 0.02;
      return before;
    };
    const fetch = vi.fn(async () => answer(fetch.mock.calls.length === 1 ? 503 : 200, { success: true }));
    const { client } = clientWith({ fetch, flushIntervalMs: 0 }, { monotonic: movingClock });
    client.track({ event: 'purchase', userId: 'visitor-1' });
    await vi.advanceTimersByTimeAsync(0);
    expect(fetch).toHaveBeenCalledTimes(1);

    // Timers fire at whole milliseconds, slightly early by a finer clock.
    now = 499.99;
    moves = true;
    await vi.advanceTimersByTimeAsync(500);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(fetch).toHaveBeenCalledTimes(2);
    expect(await client.flush()).toMatchObject({ delivered: 1, pending: 0 });
  });
});
