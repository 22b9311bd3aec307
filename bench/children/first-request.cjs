// What each subject does from the first line of a fresh process to the answer to its first request. Loads nothing by itself:
// `load` is the child's own way to load a module.

/** A peer's exports may be those of an ES module or of CommonJS. */
const defaultOf = (exports) => exports.default ?? exports;

const track = (client) => {
  client.track({ event: 'purchase', userId: 'visitor', eventProperties: { order_id: 'order_1', value: 49.9 } });
  return client.flush();
};

module.exports = {
  async 'node:http'(_load, { port }) {
    // Not by import(): that reads every export, and from Node 22 on one of them loads Node's own undici.
    const http = process.getBuiltinModule('node:http');
    await new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json' };
      const request = http.request({ host: '127.0.0.1', port, path: '/api/v1/track', method: 'POST', headers });
      request.on('error', reject);
      request.on('response', (response) => response.resume().on('end', resolve));
      request.end(JSON.stringify({ event: 'purchase', distinctId: 'order_1', eventProperties: { value: 49.9 } }));
    });
  },

  async fetch(_load, { port }) {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/track`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ event: 'purchase', distinctId: 'order_1', eventProperties: { value: 49.9 } }),
    });
    await response.text();
  },

  async mixpanel(load, { port }) {
    const client = defaultOf(await load('mixpanel')).init('token', { host: '127.0.0.1', port, protocol: 'http' });
    await new Promise((resolve, reject) => {
      client.track('purchase', { distinct_id: 'visitor', value: 49.9 }, (error) => (error ? reject(error) : resolve()));
    });
  },

  async ours(load, { port, ours }) {
    const { createClient } = await load(ours);
    const { delivered } = await track(createClient({ token: 'token', baseUrl: `http://127.0.0.1:${port}` }));
    if (delivered !== 1) throw new Error('the event was not delivered');
  },

  async snowplow(load, { port }) {
    const { buildSelfDescribingEvent, newTracker } = await load('@snowplow/node-tracker');
    await new Promise((resolve, reject) => {
      const tracker = newTracker(
        { namespace: 'bench', appId: 'bench' },
        {
          endpoint: '127.0.0.1',
          protocol: 'http',
          port,
          bufferSize: 1,
          onRequestSuccess: resolve,
          onRequestFailure: ({ message }) => reject(new Error(message)),
        },
      );
      const data = { order_id: 'order_1', value: 49.9 };
      tracker.track(buildSelfDescribingEvent({ event: { schema: 'iglu:shop/purchase/jsonschema/1-0-0', data } }));
    });
  },

  async segment(load, { port }) {
    const { Analytics } = await load('@segment/analytics-node');
    const analytics = new Analytics({ writeKey: 'token', host: `http://127.0.0.1:${port}`, flushAt: 1 });
    await new Promise((resolve, reject) => {
      analytics.track({ userId: 'visitor', event: 'purchase', properties: { value: 49.9 } }, (error) =>
        error ? reject(error) : resolve(),
      );
    });
  },

  async posthog(load, { port }) {
    const { PostHog } = await load('posthog-node');
    const posthog = new PostHog('token', { host: `http://127.0.0.1:${port}` });
    posthog.capture({ distinctId: 'visitor', event: 'purchase', properties: { value: 49.9 } });
    await posthog.flush();
  },

  async 'ours, assign'(load, { port, ours }) {
    const { createClient } = await load(ours);
    const client = createClient({
      token: 'token',
      experimentToken: 'experiments',
      assignTimeoutMs: 20_000,
      baseUrl: `http://127.0.0.1:${port}`,
    });
    const { reason } = await client.assign('checkout', { userId: 'visitor' });
    if (reason !== 'not_assigned') throw new Error(`the assignment was not answered: ${reason}`);
  },
};
