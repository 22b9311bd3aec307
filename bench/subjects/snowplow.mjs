import { setTimeout as sleep } from 'node:timers/promises';
import { buildSelfDescribingEvent, newTracker } from '@snowplow/node-tracker';
import { newInMemoryEventStore } from '@snowplow/tracker-core';
import { makersOf, makeUserId } from '../shapes.mjs';

/** Tuned: 500 events a batch of up to 500 kB, room for a million, no base64 inside the JSON. */
export function create({ url, tuned, shape }) {
  const { properties } = makersOf(shape);
  const { hostname, port } = new URL(url);
  // The store is the one it makes by itself; here it can be asked what is left.
  const eventStore = newInMemoryEventStore(tuned ? { maxSize: 1_000_000 } : {});
  const tracker = newTracker(
    { namespace: 'bench', appId: 'bench', encodeBase64: !tuned },
    {
      endpoint: hostname,
      protocol: 'http',
      port: Number(port),
      eventStore,
      ...(tuned ? { bufferSize: 500, maxPostBytes: 500_000 } : {}),
    },
  );
  return {
    makeEvent: (i) => ({
      event: {
        schema: 'iglu:example.shop/purchase/jsonschema/1-0-0',
        data: { user_id: makeUserId(i), ...properties(i) },
      },
    }),
    track: (event) => tracker.track(buildSelfDescribingEvent(event)),
    // flush() resolves at once while another runs.
    async drain() {
      while ((await eventStore.count()) > 0) {
        await tracker.flush();
        await sleep(5);
      }
    },
  };
}
