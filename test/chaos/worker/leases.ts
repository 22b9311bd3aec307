import type { DurableOutbox } from '../../../src/index.js';
import { trueNow } from './wall-clock.js';

/** On a busy machine the kill may be late. */
const MARGIN_MS = 10_000;

/**
 * Shortens the leases of a worker with a planned end so that they expire soon after it: the run need not wait five minutes for
 * what a killed relay had claimed. No lease expires while the worker is alive.
 */
export function endingLeases(outbox: DurableOutbox, endsAt: number): DurableOutbox {
  return new Proxy(outbox, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== 'function') return value;
      if (name !== 'claim') return value.bind(target);
      const claim: DurableOutbox['claim'] = (options) =>
        target.claim({
          ...options,
          leaseMs: Math.min(options.leaseMs, Math.max(MARGIN_MS, endsAt + MARGIN_MS - trueNow())),
        });
      return claim;
    },
  });
}
