import type { DurableOutbox } from '../../../src/index.js';
import { trueNow } from './wall-clock.js';

/** Long enough for a killer that is late on a busy machine. */
const MARGIN_MS = 10_000;

/**
 * The outbox of a worker whose end is planned: its leases end soon after it does, so that a run need not wait five minutes for
 * what a killed relay had claimed. While it lives it has its leases as ever.
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
