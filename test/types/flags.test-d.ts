import type { Adapter } from 'flags';
import { type Flag, flag } from 'flags/next';
import { describe, expectTypeOf, it } from 'vitest';
import { createFlagsAdapter, type FlagEntities } from '../../src/adapters/flags.js';
import { createClient } from '../../src/index.js';

const flags = createFlagsAdapter(createClient({ token: 'test_token' }));
const experiments = { checkout: ['classic', 'one_page'], hero: ['plain', 'video'] } as const;
const known = createFlagsAdapter(createClient({ token: 'test_token', experiments }));

describe('the adapter for the Flags SDK', () => {
  it('is an adapter of the SDK, for each kind of value', () => {
    expectTypeOf(flags.variant()).toExtend<Adapter<string, FlagEntities>>();
    expectTypeOf(flags.enabled()).toExtend<Adapter<boolean, FlagEntities>>();
    expectTypeOf(flags.values({ classic: 1, one_page: 2 })).toExtend<Adapter<number, FlagEntities>>();
  });

  it('gives flags their type', () => {
    const checkout = flag({ key: 'checkout', adapter: flags.variant(), defaultValue: 'classic' });
    expectTypeOf(checkout).toEqualTypeOf<Flag<string, FlagEntities>>();
    const isNew = flag({ key: 'checkout', adapter: flags.enabled, defaultValue: false });
    expectTypeOf(isNew).toEqualTypeOf<Flag<boolean, FlagEntities>>();
    const fee = flag({ key: 'shipping', adapter: flags.values({ control: 4.9, free: 0 }), defaultValue: 4.9 });
    expectTypeOf(fee).toEqualTypeOf<Flag<number, FlagEntities>>();
  });

  it('knows the variants of an experiment in the catalogue', () => {
    flag<'plain' | 'video'>({ key: 'hero', adapter: known.variant<'hero'>(), defaultValue: 'plain' });
    expectTypeOf(known.variant<'hero'>().decide).returns.resolves.toEqualTypeOf<'plain' | 'video'>();
    // @ts-expect-error unknown experiment
    known.variant<'heero'>();
    // @ts-expect-error not a variant of the experiment
    flag<'plain' | 'video'>({ key: 'hero', adapter: known.variant<'hero'>(), defaultValue: 'quote' });
  });

  it('fits an identify of the program', () => {
    flag({
      key: 'checkout',
      adapter: flags.variant(),
      identify: ({ headers }) => ({ ...flags.identify({ headers }), url: headers.get('x-url') ?? undefined }),
      defaultValue: 'classic',
    });
    // @ts-expect-error a string is no visitor
    flag({ key: 'checkout', adapter: flags.variant(), identify: () => 'v', defaultValue: 'classic' });
  });
});
