import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NotAttemptedError } from '../../../src/outbox/durable/store-error.js';
import { COMMAND_TIMEOUT_MS, Connection } from '../../../src/outbox/redis/connection.js';
import { defineScript } from '../../../src/outbox/redis/script.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const SCRIPT = defineScript("return done({ 'value' })");
const never = new Promise<never>(() => undefined);

/** A connection over a client of `ioredis` that answers as the function says. */
function connection(call: (command: string, ...args: unknown[]) => Promise<unknown>) {
  const calls = vi.fn(call);
  return { made: new Connection({ call: calls } as never, 'shop', () => ''), calls };
}

const run = (made: Connection) => made.run(SCRIPT, []).catch((error: unknown) => error);

describe('a script that was never sent', () => {
  it('has stored nothing: the probe before it got no reply', async () => {
    const { made, calls } = connection(() => never);
    const failed = run(made);
    await vi.advanceTimersByTimeAsync(COMMAND_TIMEOUT_MS);
    expect(await failed).toMatchObject({ storedNothing: true, isTransient: true });
    expect(calls).toHaveBeenCalledOnce();
  });

  it('is not sent if the remaining time is too short for a reply', async () => {
    const { made, calls } = connection(() => never);
    const failed = await made.run(SCRIPT, [], { until: performance.now() + 500 }).catch((error: unknown) => error);
    expect(failed).toMatchObject({ storedNothing: true });
    expect(calls).not.toHaveBeenCalled();
  });

  it('is not sent if the probe before it used up the time', async () => {
    const reply = [String(Date.now()), 'done', []];
    const { made, calls } = connection(() => new Promise((resolve) => setTimeout(resolve, 1_000, reply)));
    const failed = made.run(SCRIPT, [], { until: performance.now() + 1_200 }).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await failed).toBeInstanceOf(NotAttemptedError);
    expect(calls).toHaveBeenCalledOnce();
  });
});

it('reports a lost connection in its own words, without the client’s', async () => {
  const { made } = connection(() => Promise.reject(new Error('Connection is closed.')));
  expect(await run(made)).toMatchObject({
    isTransient: true,
    message: 'the connection to Redis failed: check that the server is up and reachable.',
  });
});

it.each(['call', 'evalSha'])(
  'listens once for the errors of a client, whose package (%s) may end the process',
  (method) => {
    const on = vi.fn();
    const client = { [method]: () => never, on } as never;
    for (const name of ['shop', 'bar']) new Connection(client, name, () => '');
    expect(on.mock.calls.map(([event]) => event)).toEqual(['error']);
  },
);
