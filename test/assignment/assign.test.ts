import { describe, expect, it } from 'vitest';
import type { Collector, CollectorOptions, ExperimentConfig, Fault } from '../../src/collector/index.js';
import { isOursError } from '../../src/index.js';
import { type Rig, type RigOptions, rig, trackMany, until } from '../support/client.js';
import { holdRequestsWith } from '../support/held-requests.js';
import { holdTime } from '../support/held-time.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const checkout: ExperimentConfig = { key: 'checkout', variants: [{ name: 'classic' }, { name: 'one_page' }] };
const PATH = '/experiments/assignments/checkout';

/** A client, and a collector with the experiment `checkout`. */
function experiment(options: RigOptions & { readonly collector?: CollectorOptions } = {}): Promise<Rig> {
  return rig({
    ...options,
    assignTimeoutMs: options.assignTimeoutMs ?? 5_000,
    collector: { goal: 'purchase', experiments: [checkout], ...options.collector },
  });
}

function impressions(collector: Collector): (string | undefined)[] {
  return collector
    .events()
    .filter(({ event }) => event === '$experiment_impression')
    .map(({ userId }) => userId);
}

describe('assign', () => {
  it('always gives a visitor the same variant', async () => {
    const { client, collector } = await experiment();
    const first = await client.assign('checkout', { userId: 'v1' });
    expect(first).toMatchObject({
      inExperiment: true,
      reason: 'assigned',
      experimentKey: 'checkout',
      variantName: expect.stringMatching(/^(classic|one_page)$/),
    });
    const other = await rig({ collector });
    expect(await other.client.assign('checkout', { userId: 'v1' })).toEqual(first);
  });

  it('distinguishes a visitor outside the experiment from the control', async () => {
    const { client } = await experiment({ collector: { experiments: [{ ...checkout, allocation: 0 }] } });
    const assignment = await client.assign('checkout', { userId: 'v1' });
    expect(assignment).toEqual({ inExperiment: false, experimentKey: 'checkout', reason: 'not_assigned' });
    expect(assignment).not.toHaveProperty('error');
  });

  it('sends the page, for experiments that run only on some pages', async () => {
    const { client } = await experiment({ collector: { experiments: [{ ...checkout, urls: ['/cart/**'] }] } });
    const ask = (url: string) => client.assign('checkout', { userId: 'v1', url });
    expect(await ask('https://shop.example/cart/1')).toMatchObject({ inExperiment: true });
    expect(await ask('https://shop.example/home')).toMatchObject({ inExperiment: false, reason: 'not_assigned' });
  });

  it('is available on a visitor, with the visitor’s id, session and page', async () => {
    const { client, collector } = await experiment({ collector: { experiments: [{ ...checkout, urls: ['/cart'] }] } });
    const visitor = client.visitor({ userId: 'v1', sessionId: 'sid_1', url: 'https://shop.example/cart' });
    expect(await visitor.assign('checkout')).toMatchObject({ inExperiment: true });
    await visitor.assign('checkout');
    expect(collector.requestsTo(PATH)).toBe(1);
    await client.visitor({ userId: 'v1', sessionId: 'sid_2', url: 'https://shop.example/cart' }).assign('checkout');
    expect(impressions(collector)).toEqual(['v1', 'v1']);
  });

  it('skips a visitor without an id, without a request or a warning', async () => {
    const { client, collector, warnings } = await experiment();
    const visitor = client.visitor({ externalId: 'crm-1' });
    expect(await visitor.assign('checkout')).toMatchObject({ inExperiment: false, reason: 'no_visitor' });
    expect(await visitor.personalization()).toEqual([]);
    expect(collector.requests).toBe(0);
    expect(warnings).toEqual([]);
  });
});

describe('assign sends a request', () => {
  it('once for many concurrent calls with the same question', async () => {
    const { client, collector } = await experiment();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => client.assign('checkout', { userId: 'v1', sessionId: 's1' })),
    );
    expect(new Set(answers).size).toBe(1);
    expect(collector.requestsTo(PATH)).toBe(1);
    expect(impressions(collector)).toEqual(['v1']);
  });

  it('not again for a minute, then again without another exposure', async () => {
    const { client, collector, time } = await experiment();
    const ask = () => client.assign('checkout', { userId: 'v1', sessionId: 's1' });
    await ask();
    time.skip(MINUTE_MS - 1_000);
    await ask();
    expect(collector.requestsTo(PATH)).toBe(1);
    time.skip(2_000);
    await ask();
    expect(collector.requestsTo(PATH)).toBe(2);
    expect(impressions(collector)).toEqual(['v1']);
  });

  it('for each visitor separately', async () => {
    const { client, collector } = await experiment();
    await Promise.all(['v1', 'v2', 'v3'].map((userId) => client.assign('checkout', { userId })));
    expect(impressions(collector).sort()).toEqual(['v1', 'v2', 'v3']);
  });
});

describe('an exposure is recorded', () => {
  it('once in a session, and again in the next one', async () => {
    const { client, collector } = await experiment();
    for (const sessionId of ['s1', 's1', 's2', 's2', 's1', undefined, undefined]) {
      await client.assign('checkout', { userId: 'v1', sessionId });
    }
    // s1, s2 and no session.
    expect(impressions(collector)).toEqual(['v1', 'v1', 'v1']);
  });

  it('once in a session, for any form of its id', async () => {
    const { client, collector } = await experiment();
    await client.assign('checkout', { userId: 'v1', sessionId: 'sid_17' });
    await client.assign('checkout', { userId: 'v1', sessionId: '17' });
    expect(impressions(collector)).toHaveLength(1);
  });

  it('once in a session for many pages, in sequence or concurrently', async () => {
    const { client, collector } = await experiment();
    const ask = (url: string) => client.assign('checkout', { userId: 'v1', sessionId: 's1', url });
    await Promise.all(['/a', '/b', '/c', '/d'].map((path) => ask(`https://shop.example${path}`)));
    for (const path of ['/a', '/e', '/f']) await ask(`https://shop.example${path}`);
    expect(impressions(collector)).toEqual(['v1']);
  });

  it('once for each of two visitors who share a session id', async () => {
    const { client, collector } = await experiment();
    for (const userId of ['v1', 'v2', 'v1', 'v2']) await client.assign('checkout', { userId, sessionId: 's1' });
    expect(impressions(collector)).toEqual(['v1', 'v2']);
  });

  it('once for every variant of a session, even if the experiment moves the visitor back and forth', async () => {
    const recorded: string[] = [];
    let variant = '';
    const { client, time } = await rig({
      fetch: async (_, init) => {
        if (JSON.parse(init.body).track_impression) recorded.push(variant);
        return new Response(JSON.stringify({ success: true, in_experiment: true, variant_name: variant }));
      },
    });
    for (variant of ['a', 'b', 'a', 'b', 'a']) {
      expect(await client.assign('checkout', { userId: 'v1', sessionId: 's1' })).toMatchObject({
        variantName: variant,
      });
      time.skip(2 * MINUTE_MS);
    }
    expect(recorded).toEqual(['a', 'b']);
  });

  it('again after six hours, when no session can be the same', async () => {
    const { client, collector, time } = await experiment();
    await client.assign('checkout', { userId: 'v1' });
    time.skip(6 * HOUR_MS + 1);
    await client.assign('checkout', { userId: 'v1' });
    expect(impressions(collector)).toHaveLength(2);
  });

  it('never with record: false, which reports whether one was recorded before, and later with record: true', async () => {
    const { client, collector } = await experiment();
    const read = () => client.assign('checkout', { userId: 'v1', sessionId: 's1', record: false });
    const seen = await Promise.all([read(), read(), read()]);
    expect(collector.requestsTo(PATH)).toBe(1);
    expect(impressions(collector)).toEqual([]);

    expect(seen.map((one) => one.inExperiment && one.exposed)).toEqual([false, false, false]);

    const recorded = await client.assign('checkout', { userId: 'v1', sessionId: 's1' });
    expect(recorded).toEqual({ ...seen[0], exposed: true });
    expect(impressions(collector)).toEqual(['v1']);
    expect(await read()).toEqual(recorded);
    expect(await client.assign('checkout', { userId: 'v1', sessionId: 's2', record: false })).toEqual(seen[0]);
    expect(collector.requestsTo(PATH)).toBe(2);
  });

  it('once in 25 minutes without a session, and again once the session is known', async () => {
    const { client, collector, time } = await experiment();
    const landing = client.visitor({ userId: 'v1', sessionId: '1', session: 'ended' });
    const doubtful = client.visitor({ userId: 'v1', sessionId: '1', session: 'uncertain' });
    await landing.assign('checkout');
    time.skip(25 * MINUTE_MS - 1_000);
    await landing.assign('checkout');
    await doubtful.assign('checkout');
    expect(impressions(collector)).toHaveLength(1);
    await client.visitor({ userId: 'v1', sessionId: '2' }).assign('checkout');
    expect(impressions(collector)).toHaveLength(2);
    time.skip(2_000);
    await landing.assign('checkout');
    expect(impressions(collector)).toHaveLength(3);
  });

  it('never for a visitor who is not in the experiment', async () => {
    const { client, collector } = await experiment({ collector: { experiments: [{ ...checkout, allocation: 0 }] } });
    await client.assign('checkout', { userId: 'v1' });
    expect(impressions(collector)).toEqual([]);
  });

  it('at most once in one call: a request that may have recorded is not retried', async () => {
    const { client, collector } = await experiment();
    collector.faults.next({ kind: 'resetAfter' });
    expect(await client.assign('checkout', { userId: 'v1' })).toMatchObject({ reason: 'fallback' });
    expect(collector.requestsTo(PATH)).toBe(1);
    expect(impressions(collector)).toHaveLength(1);
  });

  it('never for a forced variant, which needs no request', async () => {
    const { client, collector } = await experiment();
    expect(await client.assign('checkout', { userId: 'v1', forceVariant: 'one_page' })).toMatchObject({
      inExperiment: true,
      variantName: 'one_page',
      reason: 'forced',
    });
    expect(collector.requests).toBe(0);
    // It is not sticky either.
    await client.assign('checkout', { userId: 'v1' });
    expect(impressions(collector)).toEqual(['v1']);
  });
});

describe('without an answer, assign falls back, never to the control,', () => {
  it.each<[string, Fault, RegExp]>([
    ['a 404', { kind: 'status', status: 404 }, /unknown experiment/],
    ['a 401', { kind: 'status', status: 401 }, /OURS_EXPERIMENT_TOKEN/],
    ['a 400', { kind: 'status', status: 400 }, /HTTP 400/],
    ['a 500', { kind: 'status', status: 500 }, /HTTP 500/],
    ['a 503', { kind: 'status', status: 503 }, /HTTP 503/],
    ['a page of HTML', { kind: 'badJson' }, /without the service's answer/],
    ['a connection that is reset', { kind: 'reset' }, /ECONNRESET|SOCKET/],
    [
      'an answer without a variant',
      { kind: 'status', status: 200, body: { success: true, in_experiment: true } },
      /no variant/,
    ],
  ])('after %s', async (_, fault, message) => {
    const { client, collector, warnings } = await experiment();
    collector.faults.next(fault);
    const assignment = await client.assign('checkout', { userId: 'v1' });
    expect(assignment).toMatchObject({ inExperiment: false, experimentKey: 'checkout', reason: 'fallback' });
    expect(assignment.variantName).toBeUndefined();
    const { error } = assignment as { error?: Error };
    expect(isOursError(error) && error.code).toBe('assignment_failed');
    expect(error?.message).toMatch(message);
    expect(collector.requestsTo(PATH), 'not tried again').toBe(1);
    expect(warnings).toHaveLength(1);

    // It is not cached.
    expect(await client.assign('checkout', { userId: 'v1' })).toMatchObject({ inExperiment: true });
  });

  it.each<[string, Fault]>([
    ['never comes', { kind: 'hang' }],
    ['has no body', { kind: 'stallBody' }],
  ])('when the answer %s, after timeoutMs', async (_, fault) => {
    const { client, collector } = await experiment();
    collector.faults.next(fault);
    const time = holdTime();
    const asked = client.assign('checkout', { userId: 'v1', timeoutMs: 40 });
    await time.until(() => collector.requestsTo(PATH) === 1);
    await time.pass(39);
    expect(await Promise.race([asked, 'waiting'])).toBe('waiting');
    await time.pass(1);
    expect(await asked).toMatchObject({ inExperiment: false, reason: 'fallback' });
  });

  it('after assignTimeoutMs; a late answer serves the next question, recorded once', async () => {
    const held = holdRequestsWith('v1');
    const { client, collector } = await experiment({ assignTimeoutMs: 30, fetch: held.fetch });
    const time = holdTime();
    const asked = client.assign('checkout', { userId: 'v1' });
    await time.until(() => held.count === 1);
    await time.pass(30);
    expect(await asked).toMatchObject({ reason: 'fallback' });
    held.release();
    await time.until(() => impressions(collector).length === 1);
    expect(await time.settle(client.assign('checkout', { userId: 'v1' }))).toMatchObject({ inExperiment: true });
    expect(collector.requestsTo(PATH)).toBe(1);
    expect(impressions(collector)).toHaveLength(1);
  });

  it('at once while the service is known to be down', async () => {
    const { client, collector, warnings } = await experiment();
    collector.faults.set(() => ({ kind: 'status', status: 503 }));
    trackMany(client, 1);
    void client.flush();
    await until(() => warnings.length === 1);
    const asked = collector.requestsTo(PATH);
    expect(await client.assign('checkout', { userId: 'v1' })).toMatchObject({
      inExperiment: false,
      reason: 'fallback',
      error: { message: expect.stringContaining('down') },
    });
    expect(collector.requestsTo(PATH)).toBe(asked);

    collector.faults.clear();
    await client.flush();
    expect(await client.assign('checkout', { userId: 'v1' })).toMatchObject({ inExperiment: true });
  });

  it('but not while only the source token is rejected', async () => {
    const { client, collector, warnings } = await experiment();
    collector.faults.next({ kind: 'status', status: 401 });
    trackMany(client, 1);
    void client.flush();
    await until(() => warnings.length === 1);
    expect(await client.assign('checkout', { userId: 'v1' })).toMatchObject({ inExperiment: true });
  });

  it('and does not wait behind batches that hang', async () => {
    const { client, collector } = await experiment({ flushAt: 1, concurrency: 2 });
    collector.faults.set(({ path }) => (path === '/batch' ? { kind: 'hang' } : undefined));
    trackMany(client, 10);
    await until(() => collector.requestsTo('/batch') === 2);
    expect(await client.assign('checkout', { userId: 'v1' })).toMatchObject({ inExperiment: true });
  });

  it('without an experiment token, with a message about what is missing', async () => {
    const { client, collector } = await experiment({ experimentToken: undefined });
    expect(await client.assign('checkout', { userId: 'v1' })).toMatchObject({
      reason: 'fallback',
      error: { message: expect.stringContaining('experimentToken is missing') },
    });
    expect(collector.requests).toBe(0);
  });

  it.each([
    ['an empty key', '', 'v1'],
    ['a key of half a character', '\ud800', 'v1'],
    ['a visitor who is no text', 'checkout', 42],
    ['a visitor of 401 characters', 'checkout', 'v'.repeat(401)],
  ])('for %s', async (_, key, userId) => {
    const { client } = await experiment();
    expect(await client.assign(key, { userId: userId as string })).toMatchObject({
      inExperiment: false,
      reason: 'fallback',
      error: { code: 'assignment_failed' },
    });
  });

  it('with one warning a minute in an outage, even if some visitors get an answer', async () => {
    const { client, collector, warnings, time } = await experiment();
    const broken: Fault = { kind: 'status', status: 500 };
    for (const [fault, afterMs, expected] of [
      [broken, 0, 1],
      [broken, 0, 1],
      [undefined, 0, 1],
      [broken, 0, 1],
      [broken, 60_000, 2],
    ] as const) {
      time.skip(afterMs);
      collector.faults.next(fault);
      await client.assign('checkout', { userId: `visitor ${collector.requests}` });
      expect(warnings).toHaveLength(expected);
    }
  });

  it('with one warning a minute for each unknown experiment, for any number of visitors', async () => {
    const { client, warnings, time } = await experiment();
    const visit = async (userId: string) => {
      for (const key of ['checkout', 'chekout', 'hreo']) await client.assign(key, { userId });
    };
    for (const visitor of ['v1', 'v2', 'v3']) await visit(visitor);
    expect(warnings).toEqual([expect.stringContaining("'chekout'"), expect.stringContaining("'hreo'")]);
    time.skip(60_000);
    await visit('v4');
    expect(warnings).toHaveLength(4);
  });
});

describe('a signal', () => {
  it('rejects assign with its reason, before and during the wait', async () => {
    const { client, collector } = await experiment();
    const gone = AbortSignal.abort(new Error('the visitor has left'));
    await expect(client.assign('checkout', { userId: 'v1', signal: gone })).rejects.toThrow('has left');
    expect(collector.requests).toBe(0);

    collector.faults.next({ kind: 'hang' });
    const abort = new AbortController();
    const asked = client.assign('checkout', { userId: 'v2', signal: abort.signal });
    await until(() => collector.requests > 0);
    abort.abort(new Error('the visitor has left'));
    await expect(asked).rejects.toThrow('has left');
  });

  it('ends only the wait of its caller', async () => {
    const held = holdRequestsWith('v1');
    const { client, collector } = await experiment({ fetch: held.fetch });
    const abort = new AbortController();
    const leaving = client.assign('checkout', { userId: 'v1', signal: abort.signal });
    const staying = client.assign('checkout', { userId: 'v1' });
    abort.abort(new Error('the visitor has left'));
    await expect(leaving).rejects.toThrow('has left');
    held.release();
    expect(await staying).toMatchObject({ inExperiment: true });
    expect(collector.requestsTo(PATH)).toBe(1);
  });
});

describe('personalization', () => {
  const hero: ExperimentConfig = {
    key: 'hero',
    type: 'personalization',
    variants: [{ name: 'sun' }, { name: 'rain' }],
  };

  it('lists the visitor’s variants, and records nothing', async () => {
    const { client, collector } = await experiment({ collector: { experiments: [hero] } });
    expect(await client.personalization({ userId: 'v1' })).toEqual([]);
    const { variantName } = await client.assign('hero', { userId: 'v1' });
    const before = collector.events().length;
    const list = await client.visitor({ userId: 'v1' }).personalization();
    expect(list).toMatchObject([{ experimentKey: 'hero', variantName, assignedAt: expect.any(Number) }]);
    expect(collector.events()).toHaveLength(before);
  });

  it('rejects with the reason if it fails, and if its signal aborts', async () => {
    const { client, collector } = await experiment();
    const ask = (options = {}) => client.personalization({ userId: 'v1', ...options });
    collector.faults.next({ kind: 'status', status: 500 });
    await expect(ask()).rejects.toSatisfy((error) => isOursError(error) && error.code === 'assignment_failed');
    await expect(ask({ signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone');
    const { client: tokenless } = await experiment({ experimentToken: undefined });
    await expect(tokenless.personalization({ userId: 'v1' })).rejects.toThrow('experimentToken is missing');
  });

  it('rejects after its timeout', async () => {
    const { client, collector } = await experiment();
    collector.faults.next({ kind: 'hang' });
    const time = holdTime();
    const failure = client.personalization({ userId: 'v1', timeoutMs: 30 }).catch((error: Error) => error.message);
    await time.until(() => collector.requests === 1);
    await time.pass(30);
    expect(await failure).toContain('personalization');
  });
});
