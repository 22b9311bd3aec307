import {
  AsyncLocalStorageTransactionContextPropagator,
  FirstMatchStrategy,
  FirstSuccessfulStrategy,
  type Client as FlagClient,
  type Hook,
  MultiProvider,
  OpenFeature,
  ProviderEvents,
  ProviderStatus,
  TypedInMemoryProvider,
} from '@openfeature/server-sdk';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createOursProvider, type ProviderOptions, withVisitor } from '../../src/adapters/openfeature.js';
import { requestHandler, type WithVisitor } from '../../src/adapters/request.js';
import type { CollectorOptions } from '../../src/collector/index.js';
import { isOursError } from '../../src/index.js';
import { createRecordingClient } from '../../src/testing/index.js';
import { type RigOptions, rig } from '../support/client.js';
import { CHECKOUT, exposedVisitors, visitorIn } from '../support/experiments.js';
import { holdTime } from '../support/held-time.js';

const PATH = '/experiments/assignments/checkout';
const SHIPPING = {
  key: 'shipping',
  variants: [{ name: 'control' }, { name: 'free' }],
} as const;
const VALUES = { shipping: { control: { fee: 4.9 }, free: { fee: 0 } } };
let domains = 0;

interface World {
  readonly options?: ProviderOptions;
  readonly client?: RigOptions;
  readonly collector?: CollectorOptions;
}

/** OpenFeature with our provider, a client of ours behind it and a collector. */
async function world({ options, client: clientOptions, collector: collectorOptions }: World = {}) {
  const given = { goal: 'purchase', experiments: [CHECKOUT, SHIPPING], ...collectorOptions };
  const rigged = await rig({ assignTimeoutMs: 5_000, collector: given, ...clientOptions });
  const told: string[] = [];
  const logger = { warn: (message: string) => void told.push(message) };
  const provider = createOursProvider(rigged.client, { logger, ...options });
  const flags = await clientOf(provider);
  return { ...rigged, provider, flags, told };
}

/** A client of its own domain: providers of other tests do not mix. */
async function clientOf(provider: Parameters<typeof OpenFeature.setProviderAndWait>[1]): Promise<FlagClient> {
  domains += 1;
  const domain = `test-${domains}`;
  await OpenFeature.setProviderAndWait(domain, provider);
  return OpenFeature.getClient(domain);
}

afterEach(async () => {
  await OpenFeature.clearProviders();
  OpenFeature.setTransactionContextPropagator(new AsyncLocalStorageTransactionContextPropagator());
});

describe('a flag of OpenFeature', () => {
  it('of strings is the name of the variant', async () => {
    const { client, flags } = await world();
    for (const variant of ['classic', 'one_page']) {
      const targetingKey = await visitorIn(client, variant);
      expect(await flags.getStringDetails('checkout', 'default', { targetingKey })).toEqual({
        flagKey: 'checkout',
        value: variant,
        variant,
        reason: 'SPLIT',
        flagMetadata: {
          experimentKey: 'checkout',
          experimentId: 'e1',
          variantId: variant === 'classic' ? 'v1' : 'v2',
          isControl: variant === 'classic',
          exposed: true,
          assignmentReason: 'assigned',
        },
      });
    }
  });

  it('of booleans is whether the variant is not the control', async () => {
    const { client, flags } = await world();
    const of = async (variant: string, fallback: boolean) =>
      flags.getBooleanValue('checkout', fallback, { targetingKey: await visitorIn(client, variant) });
    expect(await of('one_page', false)).toBe(true);
    expect(await of('classic', true)).toBe(false);
  });

  it('of objects and numbers is what the values say', async () => {
    const values = { ...VALUES, checkout: { classic: 1, one_page: 2 } };
    const { client, flags } = await world({ options: { values } });
    const targetingKey = await visitorIn(client, 'free', 'shipping');
    expect(await flags.getObjectDetails('shipping', { fee: 9 }, { targetingKey })).toMatchObject({
      value: { fee: 0 },
      variant: 'free',
    });
    const other = await visitorIn(client, 'classic');
    expect(await flags.getNumberDetails('checkout', 9, { targetingKey: other })).toMatchObject({
      value: 1,
      variant: 'classic',
    });
  });

  it('of strings or booleans may have values too', async () => {
    const values = { checkout: { classic: '#00f', one_page: '#f00' }, shipping: { control: true, free: true } };
    const { client, flags } = await world({ options: { values } });
    const targetingKey = await visitorIn(client, 'one_page');
    expect(await flags.getStringValue('checkout', '', { targetingKey })).toBe('#f00');
    expect(await flags.getBooleanValue('checkout', false, { targetingKey })).toBe(true);
    const other = await visitorIn(client, 'control', 'shipping');
    expect(await flags.getBooleanValue('shipping', false, { targetingKey: other })).toBe(true);
  });
});

describe('the reason of an evaluation is', () => {
  const targetingKey = 'v';

  it('CACHED for an answer that needed no request', async () => {
    const { flags, collector } = await world();
    const reasons = [];
    for (let at = 0; at < 3; at += 1) {
      reasons.push((await flags.getStringDetails('checkout', '', { targetingKey })).reason);
    }
    expect(reasons).toEqual(['SPLIT', 'CACHED', 'CACHED']);
    expect(collector.requestsTo(PATH)).toBe(1);
  });

  it('TARGETING_MATCH in a personalization', async () => {
    const { flags } = await world({ collector: { experiments: [{ ...CHECKOUT, type: 'personalization' }] } });
    expect((await flags.getStringDetails('checkout', '', { targetingKey })).reason).toBe('TARGETING_MATCH');
  });

  it('DEFAULT for a visitor who is not in the experiment, with the caller’s default', async () => {
    const { flags } = await world({ collector: { experiments: [{ ...CHECKOUT, allocation: 0 }] } });
    for (const value of ['default', 'classic']) {
      expect(await flags.getStringDetails('checkout', value, { targetingKey })).toEqual({
        flagKey: 'checkout',
        value,
        reason: 'DEFAULT',
        flagMetadata: { experimentKey: 'checkout', assignmentReason: 'not_assigned' },
      });
    }
    expect(await flags.getBooleanValue('checkout', true, { targetingKey })).toBe(true);
  });

  it('DISABLED for a client that is disabled', async () => {
    const { flags } = await world({ client: { disabled: true } });
    const details = await flags.getBooleanDetails('checkout', true, { targetingKey });
    expect(details).toMatchObject({ value: true, reason: 'DISABLED' });
    expect(details).not.toHaveProperty('errorCode');
    expect(flags.providerStatus).toBe(ProviderStatus.READY);
  });

  it('STALE for the last variant of a visitor in an outage', async () => {
    const { client, flags, collector, time } = await world();
    const userId = await visitorIn(client, 'one_page');
    await flags.getStringValue('checkout', '', { targetingKey: userId });
    time.skip(60_000);
    collector.faults.set(() => ({ kind: 'status', status: 503 }));
    expect(await flags.getStringDetails('checkout', 'classic', { targetingKey: userId })).toMatchObject({
      value: 'one_page',
      reason: 'STALE',
      flagMetadata: { exposed: false, assignmentReason: 'sticky' },
    });
  });

  it.each([
    ['GENERAL after an error', { kind: 'status', status: 500 }, {}, /HTTP 500/],
    ['GENERAL after a timeout', { kind: 'hang' }, { assignTimeoutMs: 20 }, /no answer within 20 ms/],
    ['GENERAL for a rejected token', { kind: 'status', status: 401 }, {}, /experimentToken/],
  ] as const)('ERROR, %s, with the caller’s default', async (name, fault, client, message) => {
    const { flags, collector } = await world({ client });
    collector.faults.next(fault);
    const asked = holdTime().settle(flags.getStringDetails('checkout', 'default', { targetingKey }), 1);
    expect(await asked).toEqual({
      flagKey: 'checkout',
      value: 'default',
      reason: 'ERROR',
      errorCode: name.split(' ')[0],
      errorMessage: expect.stringMatching(message),
      flagMetadata: { experimentKey: 'checkout', assignmentReason: 'fallback' },
    });
  });
});

describe('the error code is', () => {
  const targetingKey = 'v';

  it('FLAG_NOT_FOUND for an experiment that the service does not have', async () => {
    const { flags } = await world();
    expect(await flags.getStringDetails('chekout', 'default', { targetingKey })).toMatchObject({
      value: 'default',
      reason: 'ERROR',
      errorCode: 'FLAG_NOT_FOUND',
    });
    expect(flags.providerStatus).toBe(ProviderStatus.READY);
  });

  it('FLAG_NOT_FOUND without a request for one that is not in experiments', async () => {
    const { flags, collector, warnings } = await world({
      options: { experiments: { checkout: ['classic', 'one_page'] } },
    });
    expect(await flags.getStringDetails('chekout', 'default', { targetingKey })).toMatchObject({
      errorCode: 'FLAG_NOT_FOUND',
      errorMessage: "flag 'chekout' is not in experiments. Did you mean 'checkout'?",
    });
    expect(await flags.getStringDetails('toString', 'default', { targetingKey })).toMatchObject({
      errorCode: 'FLAG_NOT_FOUND',
    });
    expect(await flags.getStringDetails('', 'default', { targetingKey })).toMatchObject({
      errorCode: 'FLAG_NOT_FOUND',
    });
    expect(collector.requests).toBe(0);
    expect(warnings).toEqual([]);
    expect((await flags.getStringDetails('checkout', 'default', { targetingKey })).reason).toBe('SPLIT');
  });

  it('TARGETING_KEY_MISSING if no one says who the visitor is', async () => {
    const { flags, collector } = await world();
    for (const context of [{}, { targetingKey: '' }, { oursSessionId: '1' }]) {
      expect(await flags.getStringDetails('checkout', 'default', context)).toMatchObject({
        value: 'default',
        reason: 'ERROR',
        errorCode: 'TARGETING_KEY_MISSING',
        errorMessage: expect.stringContaining('ours_device_id'),
      });
    }
    expect(collector.requests).toBe(0);
  });

  it.each([
    [{ targetingKey: 7 }, /userId must be a string/],
    [{ targetingKey: 'v', oursUserId: 'ours_device_id=v; theme=dark' }, /whole cookie/],
    [{ targetingKey: 'v', oursSessionId: true }, /sessionId must be a string/],
    [{ targetingKey: 'v', oursSesionId: '1' }, /'oursSesionId' \(did you mean oursSessionId\?\)/],
    [{ targetingKey: 'v', oursRecord: 'false' }, /oursRecord must be true or false; got a string/],
    [{ targetingKey: 'v', oursUrl: {} }, /oursUrl must be a string; got an object/],
  ])('INVALID_CONTEXT for %j', async (context, message) => {
    const { flags, collector } = await world();
    expect(await flags.getStringDetails('checkout', 'default', context as never)).toMatchObject({
      value: 'default',
      reason: 'ERROR',
      errorCode: 'INVALID_CONTEXT',
      errorMessage: expect.stringMatching(message),
    });
    expect(collector.requests).toBe(0);
  });

  it('TYPE_MISMATCH, without a request, for a type that the experiment does not have', async () => {
    const { flags, collector } = await world({ options: { values: VALUES } });
    const asked = [
      flags.getNumberDetails('checkout', 1, { targetingKey }),
      flags.getObjectDetails('checkout', {}, { targetingKey }),
      flags.getNumberDetails('shipping', 1, { targetingKey }),
    ];
    for (const details of await Promise.all(asked)) {
      expect(details).toMatchObject({ reason: 'ERROR', errorCode: 'TYPE_MISMATCH' });
      expect(details.errorMessage).toMatch(/Give each variant a value|has values of type object, and not number/);
    }
    expect(collector.requests).toBe(0);
  });

  it('TYPE_MISMATCH for a variant without a value, and no exposure is recorded', async () => {
    const { client, flags, collector } = await world({
      options: { values: { shipping: { control: 4.9 } } },
    });
    const userId = await visitorIn(client, 'free', 'shipping');
    expect(await flags.getNumberDetails('shipping', 4.9, { targetingKey: userId })).toMatchObject({
      value: 4.9,
      errorCode: 'TYPE_MISMATCH',
      errorMessage: expect.stringContaining("no entry for the variant 'free': add it"),
    });
    expect(exposedVisitors(collector)).toEqual([]);
    const other = await visitorIn(client, 'control', 'shipping');
    expect(await flags.getNumberValue('shipping', 0, { targetingKey: other })).toBe(4.9);
    expect(exposedVisitors(collector)).toEqual([other]);
  });
});

describe('the exposure of an evaluation', () => {
  it('is recorded once a session, as assign does', async () => {
    const { flags, collector } = await world();
    for (const oursSessionId of ['1', '1', '2']) {
      await flags.getStringValue('checkout', '', { targetingKey: 'v', oursSessionId });
      await flags.getBooleanValue('checkout', false, { targetingKey: 'v', oursSessionId });
    }
    expect(exposedVisitors(collector)).toEqual(['v', 'v']);
  });

  it('of a mapped value is recorded once too', async () => {
    const { flags, collector } = await world({ options: { values: VALUES } });
    for (let at = 0; at < 3; at += 1) await flags.getObjectValue('shipping', {}, { targetingKey: 'v' });
    expect(exposedVisitors(collector)).toEqual(['v']);
    expect(collector.requestsTo('/experiments/assignments/shipping')).toBe(2);
  });

  it('is not recorded with oursRecord: false', async () => {
    const { flags, collector } = await world({ options: { values: VALUES } });
    const context = { targetingKey: 'v', oursRecord: false };
    const { flagMetadata } = await flags.getStringDetails('checkout', '', context);
    await flags.getObjectValue('shipping', {}, context);
    expect(flagMetadata).toMatchObject({ exposed: false });
    expect(exposedVisitors(collector)).toEqual([]);
  });

  it('depends on the page that the context names', async () => {
    const { flags } = await world({ collector: { experiments: [{ ...CHECKOUT, urls: ['/cart'] }] } });
    const on = async (oursUrl: string) =>
      (await flags.getStringDetails('checkout', '', { targetingKey: 'v', oursUrl })).reason;
    expect(await on('https://shop.example/cart')).toBe('SPLIT');
    expect(await on('https://shop.example/')).toBe('DEFAULT');
  });
});

describe('in a request, OpenFeature', () => {
  const COOKIES = 'ours_device_id=v; ours_sid=sid_1732398000000';
  const now = () => 1_732_398_060_000;

  async function inRequest<Result>(
    { client }: Awaited<ReturnType<typeof world>>,
    work: () => Promise<Result>,
    cookie = COOKIES,
  ): Promise<Result> {
    const handler = requestHandler(client, async (_request: Request & WithVisitor) => work(), { now });
    return handler(new Request('https://shop.example/cart', { headers: { cookie } }));
  }

  it('has the visitor, the session and the page of the request', async () => {
    const it = await world({ collector: { experiments: [{ ...CHECKOUT, urls: ['/cart'] }] } });
    const details = await inRequest(it, () => it.flags.getStringDetails('checkout', ''));
    expect(details).toMatchObject({ reason: 'SPLIT', flagMetadata: { exposed: true } });
    expect(exposedVisitors(it.collector)).toEqual(['v']);
    await inRequest(it, async () => it.flags.track('purchase', {}, { value: 49.9, plan: 'annual' }));
    await it.client.flush();
    expect(it.collector.events().filter(({ event }) => event === 'purchase')).toMatchObject([
      {
        userId: 'v',
        eventProperties: { value: '49.9', plan: 'annual' },
        defaultProperties: { sid: '1732398000000', current_url: 'https://shop.example/cart' },
      },
    ]);
  });

  it('excludes a visitor whose request is about another page', async () => {
    const it = await world({ collector: { experiments: [{ ...CHECKOUT, urls: ['/plans'] }] } });
    const details = await inRequest(it, () => it.flags.getStringDetails('checkout', '', { targetingKey: 'v' }));
    expect(details.reason).toBe('DEFAULT');
  });

  it('knows that the targeting key is the visitor of the request, and that another one is not', async () => {
    const it = await world();
    await inRequest(it, async () => {
      it.flags.track('purchase', { targetingKey: 'v' });
      it.flags.track('purchase', { targetingKey: 'other' });
      it.flags.track('purchase', { targetingKey: 'user-7', oursUserId: 'v' });
      it.flags.track('purchase', { oursSessionId: '9' });
    });
    await it.client.flush();
    const [own, other, named, elsewhere] = it.collector.events();
    expect(own).toMatchObject({ userId: 'v', defaultProperties: { sid: '1732398000000' } });
    expect(other).toMatchObject({ userId: 'other' });
    expect(other?.defaultProperties?.sid).toBeUndefined();
    expect(named).toMatchObject({ userId: 'v', defaultProperties: { sid: '1732398000000' } });
    expect(elsewhere).toMatchObject({ userId: 'v', defaultProperties: { sid: '9' } });
  });

  it('gives the default for a browser’s first request, which has no visitor yet, without an error', async () => {
    const it = await world();
    const details = await inRequest(it, () => it.flags.getStringDetails('checkout', 'default'), 'theme=dark');
    expect(details).toMatchObject({
      value: 'default',
      reason: 'DEFAULT',
      flagMetadata: { assignmentReason: 'no_visitor' },
    });
    expect(details).not.toHaveProperty('errorCode');
  });

  it('shows the visitor to hooks if its transaction context has it', async () => {
    const it = await world();
    const seen: unknown[] = [];
    it.flags.addHooks({ before: ({ context }) => void seen.push(context.targetingKey) });
    OpenFeature.setTransactionContextPropagator(withVisitor(new AsyncLocalStorageTransactionContextPropagator()));
    const evaluate = () => it.flags.getStringDetails('checkout', '');
    await inRequest(it, evaluate);
    await inRequest(it, async () => {
      await new Promise<unknown>((resolve) => {
        OpenFeature.setTransactionContext({ targetingKey: 'other' }, () => resolve(evaluate()));
      });
    });
    await evaluate();
    expect(seen).toEqual(['v', 'other', undefined]);
    expect(exposedVisitors(it.collector)).toEqual(['v', 'other']);
  });

  it('never mixes up the visitors of concurrent requests', async () => {
    const it = await world();
    const visitors = Array.from({ length: 20 }, (_, at) => `visitor-${at}`);
    await Promise.all(
      visitors.map((visitor) =>
        inRequest(it, () => it.flags.getStringDetails('checkout', ''), `ours_device_id=${visitor}`),
      ),
    );
    expect(exposedVisitors(it.collector).toSorted()).toEqual(visitors.toSorted());
  });
});

describe('OpenFeature’s track()', () => {
  it('sends an event of the context’s visitor, with the details as its properties', async () => {
    const { client, flags, collector } = await world();
    const context = { targetingKey: 'v', oursSessionId: 'sid_1', oursDistinctId: 'purchase:o1', plan: 'ignored' };
    flags.track('purchase', context, { value: 49.9, currency: 'EUR' });
    flags.track('purchase', context, { value: 49.9, currency: 'EUR' });
    await client.flush();
    expect(collector.events()).toMatchObject([
      {
        event: 'purchase',
        userId: 'v',
        distinctId: 'purchase:o1',
        eventProperties: { value: '49.9', currency: 'EUR' },
        defaultProperties: { sid: '1' },
      },
    ]);
  });

  it('counts as a conversion of the variant that the visitor saw', async () => {
    const { client, flags, collector } = await world();
    const context = { targetingKey: 'v', oursSessionId: '1' };
    await flags.getStringValue('checkout', '', context);
    flags.track('purchase', context, { value: 1 });
    await client.flush();
    expect(collector.report().events.find(({ event }) => event.event === 'purchase')?.verdict).toBe('counted');
  });

  it('warns once and sends nothing for a context without a visitor or with a wrong attribute', async () => {
    const { client, flags, told, collector } = await world();
    for (let at = 0; at < 2; at += 1) {
      flags.track('purchase');
      flags.track('purchase', { targetingKey: 'v', oursSessionID: '1' });
    }
    await client.flush();
    expect(told).toEqual([expect.stringMatching(/sent nothing: no visitor/), expect.stringMatching(/did you mean/)]);
    expect(collector.events()).toEqual([]);
  });

  it('refuses what track() refuses', async () => {
    const { flags, outcomes } = await world();
    flags.track('$purchase', { targetingKey: 'v' });
    expect(outcomes).toMatchObject([{ status: 'rejected', code: 'reserved_name' }]);
  });
});

describe('the provider', () => {
  it('is ready at once, and says so', async () => {
    const { flags } = await world();
    expect(flags.providerStatus).toBe(ProviderStatus.READY);
    expect(flags.metadata.providerMetadata).toEqual({ name: 'ours-ingest' });
    await new Promise((resolve) => flags.addHandler(ProviderEvents.Ready, resolve));
  });

  it('is in error while the service has no answers, and evaluates all the same', async () => {
    const { flags, collector } = await world();
    const errors: unknown[] = [];
    flags.addHandler(ProviderEvents.Error, (details) => void errors.push(details?.message));
    collector.faults.next({ kind: 'status', status: 500 }, { kind: 'status', status: 500 });
    for (const targetingKey of ['a', 'b', 'c']) await flags.getStringValue('checkout', '', { targetingKey });
    expect(errors).toEqual([expect.stringContaining("experiment 'checkout': HTTP 500")]);
    expect(flags.providerStatus).toBe(ProviderStatus.ERROR);
    expect((await flags.getStringDetails('checkout', '', { targetingKey: 'd' })).reason).toBe('SPLIT');
  });

  it('is ready again after an answer of the service, not after a cached one', async () => {
    const { flags, collector } = await world();
    const evaluate = (targetingKey: string) => flags.getStringDetails('checkout', '', { targetingKey });
    await evaluate('a');
    collector.faults.next({ kind: 'status', status: 500 });
    await evaluate('b');
    const read = performance.now.bind(performance);
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => read() + 5_000);
    onTestFinished(() => clock.mockRestore());
    expect((await evaluate('a')).reason).toBe('CACHED');
    expect(flags.providerStatus).toBe(ProviderStatus.ERROR);
    expect((await evaluate('b')).reason).toBe('SPLIT');
    expect(flags.providerStatus).toBe(ProviderStatus.READY);
  });

  it('is stale while a visitor keeps the last variant', async () => {
    const { flags, collector, time } = await world();
    await flags.getStringValue('checkout', '', { targetingKey: 'v' });
    time.skip(60_000);
    collector.faults.next({ kind: 'status', status: 500 });
    await flags.getStringValue('checkout', '', { targetingKey: 'v' });
    expect(flags.providerStatus).toBe(ProviderStatus.STALE);
  });

  it('flushes when OpenFeature closes it, and leaves the client open', async () => {
    const { client, flags, collector } = await world({ client: { flushIntervalMs: 3_600_000 } });
    flags.track('purchase', { targetingKey: 'v', oursDistinctId: 'a' });
    await OpenFeature.clearProviders();
    expect(collector.events()).toMatchObject([{ distinctId: 'a' }]);
    expect(await client.track({ event: 'purchase', userId: 'v' }).settled()).toEqual({ status: 'delivered' });
  });

  it('works with a recording client, for tests without a service', async () => {
    const ours = createRecordingClient({ variant: (key) => (key === 'checkout' ? 'one_page' : undefined) });
    const flags = await clientOf(createOursProvider(ours));
    const context = { targetingKey: 'v' };
    expect(await flags.getStringValue('checkout', 'classic', context)).toBe('one_page');
    expect(await flags.getStringValue('shipping', 'control', context)).toBe('control');
    flags.track('purchase', context, { value: 49.9 });
    expect(ours.events).toMatchObject([{ event: 'purchase', userId: 'v', eventProperties: { value: 49.9 } }]);
  });

  it('runs hooks around its evaluations, also after an error', async () => {
    const { flags } = await world();
    const seen: unknown[] = [];
    const hook: Hook = {
      after: (_, { variant }) => void seen.push(['after', variant !== undefined]),
      error: (_, error) => void seen.push(['error', (error as { code?: unknown }).code]),
      finally: (_, { reason }) => void seen.push(['finally', reason]),
    };
    flags.addHooks(hook);
    await flags.getStringValue('checkout', '', { targetingKey: 'v' });
    await flags.getStringValue('checkout', '');
    expect(seen).toEqual([
      ['after', true],
      ['finally', 'SPLIT'],
      ['error', 'TARGETING_KEY_MISSING'],
      ['finally', 'ERROR'],
    ]);
  });
});

describe('among several providers, ours', () => {
  const others = () =>
    new TypedInMemoryProvider({
      banner: { variants: { on: 'blue', off: 'none' }, defaultVariant: 'on', disabled: false },
      checkout: { variants: { local: 'local' }, defaultVariant: 'local', disabled: false },
    });
  const experiments = { checkout: ['classic', 'one_page'] };

  it('leaves flags that it does not have to the next one, without a request', async () => {
    const { provider, collector } = await world({ options: { experiments } });
    const flags = await clientOf(new MultiProvider([{ provider }, { provider: others() }], new FirstMatchStrategy()));
    expect(await flags.getStringValue('banner', '', { targetingKey: 'v' })).toBe('blue');
    expect(collector.requests).toBe(0);
    expect(await flags.getStringDetails('checkout', '', { targetingKey: 'v' })).toMatchObject({
      reason: 'SPLIT',
      flagMetadata: { experimentId: 'e1' },
    });
  });

  it('leaves the flag to the next one if it fails', async () => {
    const { provider, collector } = await world();
    const flags = await clientOf(
      new MultiProvider([{ provider }, { provider: others() }], new FirstSuccessfulStrategy()),
    );
    collector.faults.next({ kind: 'status', status: 500 });
    expect(await flags.getStringValue('checkout', '', { targetingKey: 'v' })).toBe('local');
    expect(await flags.getStringValue('checkout', '', { targetingKey: 'w' })).toMatch(/classic|one_page/);
  });

  it('tracks, and is closed with them', async () => {
    const { provider, collector } = await world({ client: { flushIntervalMs: 3_600_000 } });
    const flags = await clientOf(new MultiProvider([{ provider }, { provider: others() }]));
    flags.track('purchase', { targetingKey: 'v' }, { value: 1 });
    await OpenFeature.clearProviders();
    expect(collector.events()).toMatchObject([{ event: 'purchase', eventProperties: { value: '1' } }]);
  });
});

describe('at set-up, the provider refuses', () => {
  const experiments = { checkout: ['classic', 'one_page'] };

  it.each<[string, unknown, RegExp]>([
    ['an unknown option', { value: {} }, /'value' \(did you mean values\?\)/],
    ['values that are no object', { values: 7 }, /values must be an object/],
    [
      'values of an experiment that are no object',
      { values: { checkout: ['a'] } },
      /values\['checkout'\] must be an object/,
    ],
    ['an experiment without values', { values: { checkout: {} } }, /must have a value for each variant/],
    ['a value that is undefined', { values: { checkout: { classic: undefined } } }, /no value for 'classic'/],
    [
      'values of several types',
      { values: { checkout: { classic: 1, one_page: 'x' } } },
      /values of one type; got number and string/,
    ],
    ['a variant without a value', { experiments, values: { checkout: { classic: 1 } } }, /no value for 'one_page'/],
    ['values of no experiment', { experiments, values: { chekout: { classic: 1 } } }, /did you mean 'checkout'\?/],
    ['experiments that are no object', { experiments: 'checkout' }, /experiments must be an object/],
    ['a logger without warn', { logger: {} }, /logger must have a method warn/],
  ])('%s', async (_, options, message) => {
    const { client } = await rig();
    const create = () => createOursProvider(client, options as ProviderOptions);
    expect(create).toThrow(message);
    expect(create).toThrow(expect.toSatisfy(isOursError));
  });

  it('anything but a client, and a propagator without its methods', () => {
    expect(() => createOursProvider({} as never)).toThrow('the first argument must be the client');
    expect(() => withVisitor({} as never)).toThrow('getTransactionContext of the propagator must be a function');
  });
});
