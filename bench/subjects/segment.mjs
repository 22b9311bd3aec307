import { Analytics } from '@segment/analytics-node';
import { makersOf, makeUserId } from '../shapes.mjs';

/** Tuned: 500 events a batch. Its queue has no bound and its retries (10 a batch) are the default in both. */
export function create({ url, tuned, shape }) {
  const { properties } = makersOf(shape);
  const analytics = new Analytics({
    writeKey: 'test_bench',
    host: url,
    ...(tuned ? { flushAt: 500, flushInterval: 1_000 } : {}),
  });
  return {
    makeEvent: (i) => ({ userId: makeUserId(i), event: 'purchase', properties: properties(i) }),
    track: (event) => analytics.track(event),
    drain: () => analytics.flush(),
  };
}
