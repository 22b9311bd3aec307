import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { exactReading } from '../../src/protocol/time.js';
import { createHttpTransport, type HttpPost, longestRequestMs } from '../../src/transport/http-transport.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const TIMEOUT_MS = 10_000;

/** A request whose connection and answer come after so many milliseconds. */
async function request({ connectedMs, answeredMs }: { readonly connectedMs?: number; readonly answeredMs: number }) {
  const post: HttpPost = (_path, _body, _signal, onConnected) =>
    new Promise((resolve) => {
      if (connectedMs !== undefined) setTimeout(() => onConnected?.(), connectedMs);
      setTimeout(resolve, answeredMs, { status: 200, header: () => undefined, text: '{"success":true}' });
    });
  const clock = { read: () => exactReading(0), learn() {} };
  const monotonic = () => performance.now();
  const transport = createHttpTransport({ post, requestTimeoutMs: TIMEOUT_MS, clock: clock as never, monotonic });
  const startedAt = monotonic();
  const result = transport.send({ path: '/batch', body: new Uint8Array() }).then((given) => ({
    ...given,
    tookMs: monotonic() - startedAt,
  }));
  await vi.advanceTimersByTimeAsync(longestRequestMs(TIMEOUT_MS));
  return result;
}

it('a request has its whole timeout from its connection on', async () => {
  expect(await request({ connectedMs: 8_000, answeredMs: 17_900 })).toMatchObject({ kind: 'delivered' });
  const late = await request({ connectedMs: 8_000, answeredMs: 60_000 });
  expect(late).toMatchObject({ kind: 'retryable', reason: 'request timeout', tookMs: 18_000 });
});

it('a request without a connection, or with one that nobody tells of, ends after the timeout', async () => {
  expect(await request({ answeredMs: 60_000 })).toMatchObject({ reason: 'request timeout', tookMs: TIMEOUT_MS });
  expect(await request({ answeredMs: 9_900 })).toMatchObject({ kind: 'delivered' });
});
