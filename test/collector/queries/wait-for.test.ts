import { describe, expect, expectTypeOf, it } from 'vitest';
import { type Collector, createCollector, type EventLine } from '../../../src/collector/index.js';
import { createClient } from '../../../src/index.js';

// Without a deadline that a slow machine could miss.
const PATIENT = { timeoutMs: 60_000 };
const checkout = { key: 'checkout', variants: [{ name: 'classic' }, { name: 'one_page' }], primary: 'purchase' };

function clientOf({ baseUrl }: Collector) {
  return createClient({
    token: 'test_shop',
    experimentToken: 'exp_shop',
    baseUrl,
    flushIntervalMs: 10,
    assignTimeoutMs: 60_000,
  });
}

describe('waitFor', () => {
  it('resolves to an event that arrives later, and to one that is already stored', async () => {
    await using collector = await createCollector();
    const waiting = collector.waitFor({ event: 'purchase' }, PATIENT);
    await using ours = clientOf(collector);
    ours.track({ event: 'signup', userId: 'v1' });
    ours.track({ event: 'purchase', userId: 'v1', distinctId: 'p1' });
    const line = await waiting;
    expectTypeOf(line).toEqualTypeOf<EventLine>();
    expect(line).toMatchObject({ event: { event: 'purchase', distinctId: 'p1' }, verdict: 'not_a_goal' });
    expect(await collector.waitFor({ event: 'purchase' }, PATIENT)).toEqual(line);
  });

  it('waits for a verdict, even of an earlier event that a later one changes', async () => {
    await using collector = await createCollector({ experiments: [checkout] });
    await using ours = clientOf(collector);
    await ours.visitor({ userId: 'v1', sessionId: 's1' }).assign('checkout');
    const waiting = collector.waitFor({ event: 'purchase', verdict: 'counted' }, PATIENT);
    ours.track({ event: 'purchase', externalId: 'e1', sessionId: 's1' });
    expect(await collector.waitFor({ event: 'purchase' }, PATIENT)).toMatchObject({ verdict: 'not_in_experiment' });
    ours.identify({ userId: 'v1', externalId: 'e1' });
    expect(await waiting).toMatchObject({ event: { externalId: 'e1' }, verdict: 'counted' });
    expect(await collector.waitFor({ verdict: 'counted' }, PATIENT)).toMatchObject({ event: { externalId: 'e1' } });
  });

  it('times out and lists the names and verdicts that arrived', async () => {
    await using collector = await createCollector({ experiments: [checkout] });
    await using ours = clientOf(collector);
    for (const email of ['a@example.org', 'b@example.org']) ours.track({ event: 'purchase', email });
    ours.identify({ userId: 'v1', email: 'c@example.org' });
    await ours.flush();
    await fetch(`${collector.baseUrl}/track`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: 'test_shop', event: 'purchase' }),
    });
    const error: Error = await collector.waitFor({ event: 'purchase', verdict: 'counted' }, { timeoutMs: 1 }).then(
      () => expect.unreachable(),
      (reason) => reason,
    );
    expect(error).toMatchObject({ name: 'TimeoutError' });
    expect(error.message).toMatch(/^no event purchase with the verdict counted within 1 ms\. Arrived: /);
    expect(error.message).toContain('purchase (not_in_experiment) ×2');
    expect(error.message).toContain('$identify');
    expect(error.message).toMatch(/1 refused, the last one: .+/);
    expect(error.message).not.toContain('example.org');
  });

  it('names the address if no event arrived', async () => {
    await using collector = await createCollector();
    await expect(collector.waitFor({ verdict: 'counted' }, { timeoutMs: 1 })).rejects.toThrow(
      `Nothing arrived. Check that the client's baseUrl is ${collector.baseUrl}.`,
    );
  });

  it('ends when the collector closes or the signal aborts', async () => {
    await using collector = await createCollector();
    const abort = new AbortController();
    const aborted = collector.waitFor({ event: 'x' }, { ...PATIENT, signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    await expect(collector.waitFor({ event: 'x' }, { signal: abort.signal })).rejects.toThrow('enough');
    const waiting = expect(collector.waitFor({ event: 'x' }, PATIENT)).rejects.toMatchObject({ code: 'closed' });
    await collector.close();
    await waiting;
    await expect(collector.waitFor({ event: 'x' })).rejects.toMatchObject({ code: 'closed' });
  });

  it('refuses an unknown verdict', async () => {
    await using collector = await createCollector();
    // @ts-expect-error neither an event nor a verdict
    await expect(collector.waitFor({})).rejects.toMatchObject({ code: 'invalid_option' });
    await expect(collector.waitFor({ event: 'x' }, { timeoutMs: Number.NaN })).rejects.toMatchObject({
      code: 'invalid_option',
    });
    // @ts-expect-error no such verdict
    await expect(collector.waitFor({ verdict: 'counts' })).rejects.toThrow(
      /no verdict counts\. The verdicts are .*counted/,
    );
  });
});
