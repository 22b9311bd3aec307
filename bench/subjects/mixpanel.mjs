import Mixpanel from 'mixpanel';
import { makersOf } from '../shapes.mjs';
import { inGroups } from './groups.mjs';

/**
 * It has no queue and no retry. Default: `track`, a request an event. By hand: one group of 50 after the other, each awaited.
 * Tuned: `track_batch` of 500, which it cuts into requests of 50, four groups at once. What its callback calls failed is lost.
 */
export function create({ url, tuned, isByHand, shape }) {
  const { hostname: host, port } = new URL(url);
  const mixpanel = Mixpanel.init('test_bench', { host, port, protocol: 'http' });
  const { flat } = makersOf(shape);
  const makeEvent = (i) => ({ event: 'purchase', properties: flat(i) });
  const send = (group) =>
    new Promise((resolve) => mixpanel.track_batch(group, { max_concurrent_requests: 1 }, () => resolve()));
  if (isByHand) return { makeEvent, ...inGroups({ rows: 50, lanes: 1 }, (group) => group, send) };
  if (tuned) return { makeEvent, ...inGroups({ rows: 500 }, (group) => group, send) };
  let open = 0;
  let onIdle;
  return {
    makeEvent,
    track({ event, properties }) {
      open += 1;
      mixpanel.track(event, properties, () => {
        open -= 1;
        if (open === 0) onIdle?.();
      });
    },
    async drain() {
      if (open > 0) await new Promise((resolve) => (onIdle = resolve));
    },
  };
}
