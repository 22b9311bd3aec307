import { describe, expect, it } from 'vitest';
import { createWarnOnce } from '../../src/core/logger.js';
import { createCircuitBreaker } from '../../src/delivery/circuit-breaker.js';
import { createClaimDelivery } from '../../src/delivery/claim-delivery.js';
import { createMemoryOutbox } from '../../src/outbox/memory.js';
import type { Entry } from '../../src/protocol/event.js';
import { createSkewedClock } from '../../src/transport/clock.js';
import type { TransportRequest } from '../../src/transport/request.js';
import type { SendResult } from '../../src/transport/send-result.js';
import { identifyEntry, trackEntry } from '../support/entries.js';

const DELIVERED: SendResult = { kind: 'delivered', failures: [], answer: {} };
const RESET: SendResult = { kind: 'retryable', scope: 'request', reason: 'ECONNRESET' };
const BUSY: SendResult = { kind: 'retryable', scope: 'service', reason: 'HTTP 503', afterMs: 0 };

/** An open breaker, a claim of the entries, and what the service received. */
async function probing(entries: readonly Entry[], answer: (request: TransportRequest) => SendResult) {
  const monotonic = (): number => 1_000;
  const random = (): number => 0;
  const outbox = createMemoryOutbox({ monotonic });
  const warnings = createWarnOnce({ warn: () => undefined }, monotonic);
  const breaker = createCircuitBreaker({ concurrency: 2, monotonic, random, warnings });
  const received: string[] = [];
  const settled: string[] = [];
  const delivery = createClaimDelivery(
    {
      outbox,
      breaker,
      transport: {
        async send(request) {
          received.push(request.path);
          const result = answer(request);
          breaker.observe(result, 'probe');
          return result;
        },
        close: async () => undefined,
      },
      clock: createSkewedClock({ now: () => 1_700_000_000_000, monotonic }),
      token: 'token',
      flushAt: 10,
      maxBatchBytes: 100_000,
      concurrency: 2,
      maxRetries: 3,
      monotonic,
      random,
      warnings,
      onSettled: (those) => settled.push(...those.map(({ distinctId }) => distinctId)),
      onReleased: () => undefined,
    },
    new AbortController().signal,
  );
  await outbox.append(entries);
  breaker.observe(BUSY, 'fresh');
  const claimed = await outbox.claim({ maxEntries: 10, maxBytes: 1e6, leaseMs: 60_000 });
  return { outbox, breaker, delivery, claimed, received, settled };
}

describe('a probe', () => {
  const ada = { userId: 'ada' };
  const now = 1_700_000_000_000;
  const entries = () => [
    identifyEntry('i', ada),
    trackEntry('t', ada, now),
    trackEntry('other', { userId: 'bob' }, now),
  ];

  it('that passes takes the entries behind it along', async () => {
    const { delivery, claimed, received, settled } = await probing(entries(), () => DELIVERED);
    await delivery.probe(claimed, 0, Number.POSITIVE_INFINITY);
    expect(received).toEqual(['/identify', '/batch']);
    expect(settled).toEqual(['i', 't', 'other']);
  });

  it('that fails keeps what must follow it, even if another request has closed the breaker meanwhile', async () => {
    const world = await probing(entries(), ({ path }) => (path === '/identify' ? RESET : DELIVERED));
    const { delivery, claimed, settled, breaker, outbox } = world;
    const { release } = outbox;
    outbox.release = async (given, delayMs) => {
      await release(given, delayMs);
      breaker.observe(DELIVERED, 'fresh');
    };
    await delivery.probe(claimed, 0, Number.POSITIVE_INFINITY);
    expect(settled).toEqual(['other']);
    expect(await outbox.stats()).toMatchObject({ waiting: 2, claimed: 0 });
  });
});
