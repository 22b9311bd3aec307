import { PostHog } from 'posthog-node';
import { makersOf, makeUserId } from '../shapes.mjs';

/**
 * Tuned: 500 events a batch, room for a million, no gzip. Without a personal API key it polls no feature flags.
 * Retries (3, after 3 s each) are the default in both.
 */
export function create({ url, tuned, shape }) {
  const { properties } = makersOf(shape);
  const posthog = new PostHog('test_bench', {
    host: url,
    ...(tuned
      ? { flushAt: 500, maxBatchSize: 500, maxQueueSize: 1_000_000, flushInterval: 1_000, disableCompression: true }
      : {}),
  });
  return {
    makeEvent: (i) => ({ distinctId: makeUserId(i), event: 'purchase', properties: properties(i) }),
    track: (event) => posthog.capture(event),
    drain: () => posthog.flush().catch(() => undefined),
  };
}
