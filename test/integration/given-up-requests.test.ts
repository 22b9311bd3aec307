import { getEventListeners } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { toBytes } from '../../src/protocol/bytes.js';
import { createUndiciPost } from '../../src/transport/undici-post.js';
import { until } from '../support/client.js';
import { json, scriptService } from '../support/scripted-service.js';

it('a request that is given up ends its connection, so that the next one need not wait behind it', async () => {
  let requests = 0;
  const service = await scriptService((_, response) => {
    requests += 1;
    if (requests > 1) json(response, 200, { success: true });
  });
  const post = createUndiciPost(await import('undici'), {
    baseUrl: service.baseUrl,
    connections: 1,
    connectTimeoutMs: 10_000,
    monotonic: () => 0,
  });
  onTestFinished(() => post.close!());
  const controller = new AbortController();
  const given = post('/batch', toBytes('{}'), controller.signal);
  given.catch(() => undefined);
  await until(() => requests === 1);
  const [socket] = service.sockets;
  controller.abort(new Error('too slow'));
  await expect(given).rejects.toThrow('too slow');
  await until(() => !service.sockets.has(socket!));

  const { signal } = new AbortController();
  expect(await post('/batch', toBytes('{}'), signal)).toMatchObject({ status: 200 });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
