import { encryptOverrides } from 'flags';
import { dedupe, evaluate, type Flag, flag, precompute } from 'flags/next';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createFlagsAdapter,
  type FlagEntities,
  type NextAsked,
  type VisitorOptions,
} from '../../src/adapters/flags.js';
import { requestHandler, type WithVisitor } from '../../src/adapters/request.js';
import type { CollectorOptions } from '../../src/collector/index.js';
import { type RigOptions, rig } from '../support/client.js';
import { CHECKOUT, exposedVisitors, visitorIn } from '../support/experiments.js';
import { holdTime } from '../support/held-time.js';
import { inNextRequest } from '../support/next-request.js';

const SECRET = Buffer.alloc(32, 7).toString('base64url');
const SHIPPING = { key: 'shipping', variants: [{ name: 'control' }, { name: 'free' }] } as const;
const now = () => 1_732_398_060_000;

interface World {
  readonly options?: VisitorOptions<NextAsked>;
  readonly client?: RigOptions;
  readonly collector?: CollectorOptions;
}

/** An adapter, a client behind it and a collector. */
async function world({ options, client, collector }: World = {}) {
  const given = { goal: 'purchase', experiments: [CHECKOUT, SHIPPING], ...collector };
  const rigged = await rig({ assignTimeoutMs: 5_000, collector: given, ...client });
  const told: string[] = [];
  const logger = { warn: (message: string) => void told.push(message) };
  return { ...rigged, told, experiments: createFlagsAdapter(rigged.client, { logger, now, ...options }) };
}

/** A request as the Pages Router and the proxy pass it to flags. */
function requestOf(visitor: string, cookies = ''): Request {
  const cookie = `ours_device_id=${visitor}; ours_sid=sid_1732398000000; ${cookies}`;
  return new Request('https://shop.example/cart', { headers: { cookie } });
}

/** The value of a flag in a request. */
const valueIn = <Value>(request: Request, of: Flag<Value>) => (of as (request: Request) => Promise<Value>)(request);

beforeEach(() => {
  vi.stubEnv('FLAGS_SECRET', SECRET);
  // The SDK announces there that a flag falls back to its default.
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe('a flag of the Flags SDK', () => {
  it('is the name of the variant, whether it is not the control, or what the values say', async () => {
    const { client, experiments } = await world();
    const variant = flag({ key: 'checkout', adapter: experiments.variant(), defaultValue: 'none' });
    const enabled = flag({ key: 'checkout', adapter: experiments.enabled, defaultValue: false });
    const steps = flag({ key: 'checkout', adapter: experiments.values({ classic: 3, one_page: 1 }), defaultValue: 9 });
    for (const [name, isNew, count] of [
      ['classic', false, 3],
      ['one_page', true, 1],
    ] as const) {
      const visitor = await visitorIn(client, name);
      // Three requests: the SDK decides a key once in each.
      expect(await valueIn(requestOf(visitor), variant)).toBe(name);
      expect(await valueIn(requestOf(visitor), enabled)).toBe(isNew);
      expect(await valueIn(requestOf(visitor), steps)).toBe(count);
    }
  });

  it('records an exposure once a session', async () => {
    const { collector, experiments } = await world();
    const checkout = flag({ key: 'checkout', adapter: experiments.variant(), defaultValue: 'none' });
    const steps = flag({ key: 'checkout', adapter: experiments.values({ classic: 3, one_page: 1 }), defaultValue: 9 });
    for (let at = 0; at < 3; at += 1) {
      await valueIn(requestOf('v'), checkout);
      await valueIn(requestOf('v'), steps);
    }
    expect(exposedVisitors(collector)).toEqual(['v']);
    expect(collector.requestsTo('/experiments/assignments/checkout')).toBe(1);
  });

  it('records none with record: false', async () => {
    const { collector, experiments } = await world();
    const adapters = [
      experiments.variant({ record: false }),
      experiments.enabled({ record: false }),
      experiments.values({ classic: 1, one_page: 2 }, { record: false }),
    ];
    for (const adapter of adapters) {
      const checkout = flag({ key: 'checkout', adapter: adapter as ReturnType<typeof experiments.variant> });
      expect(await valueIn(requestOf('v'), checkout)).toBeDefined();
    }
    expect(exposedVisitors(collector)).toEqual([]);
  });

  it('that is overridden records no exposure and asks nothing', async () => {
    const { collector, experiments } = await world();
    const checkout = flag({ key: 'checkout', adapter: experiments.variant(), defaultValue: 'none' });
    const overrides = await encryptOverrides({ checkout: 'one_page' }, SECRET);
    const request = requestOf('v', `vercel-flag-overrides=${overrides}`);
    expect(await valueIn(request, checkout)).toBe('one_page');
    expect(await evaluate([checkout], request)).toEqual(['one_page']);
    expect(collector.requests).toBe(0);
  });

  it('has its default for a visitor who is not in the experiment, never the control', async () => {
    const { experiments } = await world({ collector: { experiments: [{ ...CHECKOUT, allocation: 0 }] } });
    const variant = flag({ key: 'checkout', adapter: experiments.variant(), defaultValue: 'none' });
    const enabled = flag({ key: 'checkout', adapter: experiments.enabled(), defaultValue: true });
    expect(await valueIn(requestOf('v'), variant)).toBe('none');
    expect(await valueIn(requestOf('v'), enabled)).toBe(true);
  });

  it.each([
    ['after an error', { kind: 'status', status: 500 }],
    ['after a timeout', { kind: 'hang' }],
  ] as const)('has its default %s, and the next request is decided again', async (_, fault) => {
    const { collector, experiments } = await world({ client: { assignTimeoutMs: 200 } });
    const checkout = flag({ key: 'checkout', adapter: experiments.variant(), defaultValue: 'none' });
    collector.faults.next(fault);
    const time = holdTime();
    expect(await time.settle(valueIn(requestOf('v'), checkout), 1)).toBe('none');
    expect(await time.settle(valueIn(requestOf('w'), checkout))).not.toBe('none');
  });

  it('has its default for an unknown experiment, with one warning of the client', async () => {
    const { warnings, experiments } = await world();
    const misspelt = flag({ key: 'chekout', adapter: experiments.variant(), defaultValue: 'none' });
    for (const visitor of ['v', 'w']) expect(await valueIn(requestOf(visitor), misspelt)).toBe('none');
    expect(warnings).toEqual([expect.stringMatching(/'chekout': unknown experiment/)]);
  });

  it('has its default for a variant without a value, with a warning and no exposure', async () => {
    const { client, collector, told, experiments } = await world();
    const fee = flag({ key: 'shipping', adapter: experiments.values({ control: 4.9 }), defaultValue: 7 });
    const visitor = await visitorIn(client, 'free', 'shipping');
    expect(await valueIn(requestOf(visitor), fee)).toBe(7);
    expect(told).toEqual([expect.stringMatching(/values of 'shipping' has no entry for the variant 'free': add it/)]);
    expect(exposedVisitors(collector)).toEqual([]);
  });

  it('has its default if the service does not say which variant is the control, with a warning', async () => {
    const told: string[] = [];
    const assign = async () => ({ inExperiment: true, variantName: 'one_page', isControl: undefined });
    const ours = { visitor: () => ({ userId: 'v', assign }), flush: async () => undefined };
    const adapters = createFlagsAdapter(ours as never, { logger: { warn: (message) => void told.push(message) } });
    const enabled = flag({ key: 'checkout', adapter: adapters.enabled(), defaultValue: true });
    expect(await valueIn(requestOf('v'), enabled)).toBe(true);
    expect(told).toEqual([expect.stringMatching(/does not say whether 'one_page' is the control of 'checkout'/)]);
  });

  it('has its default in a browser’s first request, and without consent', async () => {
    const { collector, experiments } = await world();
    const checkout = flag({ key: 'checkout', adapter: experiments.variant(), defaultValue: 'none' });
    expect(await valueIn(new Request('https://shop.example/'), checkout)).toBe('none');
    const cautious = await world({ options: { consent: () => false } });
    const asked = flag({ key: 'checkout', adapter: cautious.experiments.variant(), defaultValue: 'none' });
    expect(await valueIn(requestOf('v'), asked)).toBe('none');
    expect(collector.requests + cautious.collector.requests).toBe(0);
  });
});

describe('several flags', () => {
  it('are evaluated in one call for each kind, and each is recorded once', async () => {
    const { client, collector, experiments } = await world({
      collector: { experiments: [CHECKOUT, SHIPPING, { ...SHIPPING, key: 'hero' }] },
    });
    const visitor = await visitorIn(client, 'one_page');
    const variant = experiments.variant();
    const bulkDecide = vi.spyOn(variant, 'bulkDecide');
    const flags = {
      checkout: flag({ key: 'checkout', adapter: variant, defaultValue: 'none' }),
      shipping: flag({ key: 'shipping', adapter: experiments.variant(), defaultValue: 'none' }),
      misspelt: flag({ key: 'chekout', adapter: experiments.variant(), defaultValue: 'none' }),
      quiet: flag({ key: 'hero', adapter: experiments.enabled({ record: false }), defaultValue: false }),
    };
    expect(await evaluate(flags, requestOf(visitor))).toEqual({
      checkout: 'one_page',
      shipping: expect.stringMatching(/control|free/),
      misspelt: 'none',
      quiet: expect.any(Boolean),
    });
    expect(bulkDecide).toHaveBeenCalledOnce();
    expect(bulkDecide.mock.calls[0]?.[0].flags.map(({ key }) => key)).toEqual(['checkout', 'shipping', 'chekout']);
    expect(exposedVisitors(collector)).toEqual([visitor, visitor]);
  });

  it('are grouped by kind and by whether they record', async () => {
    const { experiments } = await world();
    const ids = [
      experiments.variant().adapterId,
      experiments.variant({ record: false }).adapterId,
      experiments.enabled().adapterId,
      experiments.enabled({ record: false }).adapterId,
    ];
    expect(new Set(ids).size).toBe(4);
    expect(experiments.variant({ record: true }).adapterId).toBe(ids[0]);
    expect((await world()).experiments.variant().adapterId).not.toBe(ids[0]);
  });

  it('are precomputed in a proxy, and know its page', async () => {
    const { client, experiments, collector } = await world({
      collector: { experiments: [{ ...CHECKOUT, urls: ['/cart'] }] },
    });
    const checkout = flag({
      key: 'checkout',
      adapter: experiments.variant(),
      options: ['none', 'classic', 'one_page'],
      defaultValue: 'none',
    });
    const proxy = requestHandler(
      client,
      async (request: Request & WithVisitor) => {
        const code = await inNextRequest(request.headers, () => precompute([checkout]));
        return (checkout as (code: string, flags: readonly unknown[]) => Promise<string>)(code, [checkout]);
      },
      { now },
    );
    expect(await proxy(requestOf('v'))).toMatch(/classic|one_page/);
    expect(await proxy(new Request('https://shop.example/', { headers: { cookie: 'ours_device_id=v' } }))).toBe('none');
    expect(exposedVisitors(collector)).toEqual(['v']);
  });
});

describe('in the App Router', () => {
  const headers = (visitor: string) => new Headers({ cookie: `ours_device_id=${visitor}` });

  it('the visitor of the request is found, once for all its flags', async () => {
    const { collector, experiments } = await world();
    const checkout = flag({ key: 'checkout', adapter: experiments.variant(), defaultValue: 'none' });
    const shipping = flag({ key: 'shipping', adapter: experiments.enabled(), defaultValue: false });
    const seen: FlagEntities[] = [];
    const watched = flag({
      key: 'checkout',
      adapter: experiments.variant({ record: false }),
      identify: (params) => {
        const entities = experiments.identify(params);
        seen.push(entities);
        return entities;
      },
      defaultValue: 'none',
    });
    await inNextRequest(headers('v'), async () => {
      await Promise.all([checkout(), shipping()]);
      await Promise.all([watched(), watched()]);
    });
    expect(seen[0]).toEqual({ userId: 'v', sessionId: undefined });
    expect(seen[1]).toBe(seen[0]);
    expect(exposedVisitors(collector).toSorted()).toEqual(['v', 'v']);
  });

  it('an identify of the program works, with dedupe, and may add the page', async () => {
    const { collector, experiments } = await world({
      collector: { experiments: [{ ...CHECKOUT, urls: ['/cart'] }, SHIPPING] },
    });
    let calls = 0;
    const identify = dedupe(({ headers }: { headers: Headers }) => {
      calls += 1;
      return { ...experiments.identify({ headers }), url: 'https://shop.example/cart' };
    });
    const checkout = flag({ key: 'checkout', adapter: experiments.variant(), identify, defaultValue: 'none' });
    const shipping = flag({ key: 'shipping', adapter: experiments.enabled(), identify, defaultValue: false });
    const values = await inNextRequest(headers('v'), () => Promise.all([checkout(), shipping()]));
    expect(values).toEqual([expect.stringMatching(/classic|one_page/), expect.any(Boolean)]);
    expect(calls).toBe(1);
    await inNextRequest(headers('w'), () => checkout());
    expect(calls).toBe(2);
    expect(exposedVisitors(collector).toSorted()).toEqual(['v', 'v', 'w']);
  });

  it('another visitor can be named by run()', async () => {
    const { collector, experiments } = await world();
    const checkout = flag({ key: 'checkout', adapter: experiments.variant(), defaultValue: 'none' });
    await inNextRequest(headers('v'), async () => {
      await checkout.run({ identify: { userId: 'w', sessionId: '2' } });
      await checkout();
    });
    expect(exposedVisitors(collector)).toEqual(['w', 'v']);
  });

  it('entities that are no visitor get the default, with a warning, and the request goes on', async () => {
    const { collector, told, warnings, experiments } = await world();
    const checkout = flag({ key: 'checkout', adapter: experiments.variant(), defaultValue: 'none' });
    const wrong = ['v', 7, { team: 'blue' }, { userId: 7 }];
    await inNextRequest(headers('v'), async () => {
      for (const identify of wrong) expect(await checkout.run({ identify: identify as never })).toBe('none');
      expect(await checkout.run({ identify: () => undefined })).toBe('none');
    });
    expect(told).toEqual([
      expect.stringMatching(/identify of flag 'checkout' must return \{ userId, sessionId \}; got a string/),
      expect.stringMatching(/got a number/),
    ]);
    expect(warnings).toEqual([
      expect.stringMatching(/visitor\(\) has an unknown field: 'team'/),
      expect.stringMatching(/userId must be a string/),
    ]);
    expect(collector.requests).toBe(0);
  });
});

describe('at set-up, the adapter refuses', () => {
  it('anything but a client, and unknown options', async () => {
    const { client, experiments } = await world();
    expect(() => createFlagsAdapter({} as never)).toThrow('the first argument must be the client');
    expect(() => createFlagsAdapter(client, { after: 1 } as never)).toThrow(/unknown option: 'after'/);
    expect(() => experiments.variant({ recrod: false } as never)).toThrow(
      /variant\(\) has an unknown option: 'recrod'/,
    );
    expect(() => experiments.enabled({ record: 'false' } as never)).toThrow(
      'record must be true or false; got a string',
    );
    expect(() => experiments.values({})).toThrow('values must have a value for each variant; it is empty');
    expect(() => experiments.values('classic' as never)).toThrow('values must be an object of variants');
  });
});
