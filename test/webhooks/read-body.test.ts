import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { readBody } from '../../src/webhooks/read-body.js';

const { signal } = new AbortController();
const request = (body: string | ReadableStream<Uint8Array> | null) =>
  new Request('https://shop.example', { method: 'POST', body, duplex: 'half' } as RequestInit);
const streamOf = (...chunks: Uint8Array[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });

it('reads all chunks as bytes', async () => {
  const read = await readBody(request(streamOf(new Uint8Array([1, 2]), new Uint8Array([3]))), signal);
  expect(read).toEqual({ kind: 'read', bytes: new Uint8Array([1, 2, 3]) });
  expect(await readBody(request(null), signal)).toEqual({ kind: 'read', bytes: new Uint8Array(0) });
});

it('accepts exactly 1 MiB', async () => {
  const limit = 1024 * 1024;
  expect(await readBody(request(streamOf(new Uint8Array(limit))), signal)).toMatchObject({ kind: 'read' });
  expect(await readBody(request(streamOf(new Uint8Array(limit), new Uint8Array(1))), signal)).toEqual({
    kind: 'too_large',
  });
});

it('is gone if it was read, is being read, or breaks', async () => {
  const read = request('text');
  await read.text();
  const locked = request(streamOf());
  locked.body?.getReader();
  const broken = request(new ReadableStream({ pull: () => Promise.reject(new Error('broken')) }));
  for (const each of [read, locked, broken]) expect(await readBody(each, signal)).toEqual({ kind: 'gone' });
});

it('times out when the signal aborts, and leaves no listener', async () => {
  const controller = new AbortController();
  const reading = readBody(request(new ReadableStream<Uint8Array>()), controller.signal);
  controller.abort();
  expect(await reading).toEqual({ kind: 'timed_out' });
  await readBody(request('text'), signal);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
