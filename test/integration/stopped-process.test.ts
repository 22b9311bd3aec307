import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ClientOptions, createClient } from '../../src/index.js';

/** Answers on a thread of its own: it goes on while this process stands still. */
const SERVICE = `
  const { createServer } = require('node:http');
  const { parentPort, workerData } = require('node:worker_threads');
  const answers = new Int32Array(workerData);
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const isPurchase = body.includes('purchase');
    if (isPurchase) parentPort.postMessage('purchase');
    setTimeout(() => {
      response.setHeader('content-type', 'application/json').end('{"success":true}', () => {
        if (!isPurchase) return;
        Atomics.add(answers, 0, 1);
        Atomics.notify(answers, 0);
      });
    }, 100);
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;

/** Long enough for a request on a busy machine. */
const REQUEST_TIMEOUT_MS = 2_000;
/** The test fails instead of standing still for ever. */
const MAX_STILL_MS = 10_000;

const answers = new Int32Array(new SharedArrayBuffer(4));
let service: Worker;
let baseUrl: string;
let purchases: number;
beforeEach(async () => {
  answers[0] = 0;
  purchases = 0;
  service = new Worker(SERVICE, { eval: true, workerData: answers.buffer });
  const [port] = await once(service, 'message');
  baseUrl = `http://127.0.0.1:${port}`;
  service.on('message', () => {
    purchases += 1;
  });
});
afterEach(() => service.terminate());

/** Stands still until the purchase is answered and its request's time is over. */
function standStill(): void {
  Atomics.wait(answers, 0, 0, MAX_STILL_MS);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, REQUEST_TIMEOUT_MS);
}

/** Loads what sends requests, which takes long the first time. */
async function warmUp(options: ClientOptions): Promise<void> {
  const ours = createClient(options);
  ours.track({ event: 'page', userId: 'visitor' });
  await ours.close();
}

describe('a process that stands still until its request has timed out', () => {
  it.each([
    ['undici', undefined],
    ['fetch', globalThis.fetch],
  ])(
    'reads the answer that came meanwhile, with %s: it sends nothing again and sees no outage',
    async (_how, fetch) => {
      const warnings: string[] = [];
      const options = { token: 'test_token', baseUrl, fetch };
      await warmUp(options);
      const ours = createClient({
        ...options,
        requestTimeoutMs: REQUEST_TIMEOUT_MS,
        logger: { warn: (message) => warnings.push(message) },
      });
      const receipt = ours.track({ event: 'purchase', userId: 'visitor' });
      void ours.flush();
      while (purchases === 0) await once(service, 'message');
      standStill();

      expect(await receipt.settled()).toEqual({ status: 'delivered' });
      await ours.close();
      expect(purchases).toBe(1);
      expect(warnings).toEqual([]);
    },
  );
});
