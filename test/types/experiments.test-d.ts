import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { requestHandler } from '../../src/adapters/request.js';
import { type Assignment, type Client, createClient, type EventCatalog } from '../../src/index.js';
import { createRecordingClient } from '../../src/testing/index.js';

// As `npx ours-ingest pull` writes them.
const experiments = {
  checkout_redesign: ['classic', 'one_page'],
  hero: ['plain', 'video', 'quote'],
} as const;

const events = { purchase: z.object({ value: z.number() }) };
const client = createClient({ token: 'test_token', events, experiments });
const visitor = client.visitor({ userId: 'v' });

describe('a client with a catalogue of experiments', () => {
  it('assigns only in those', () => {
    client.assign('checkout_redesign', { userId: 'v' });
    visitor.assign('hero', { record: false });
    // @ts-expect-error misspelt
    client.assign('chekout_redesign', { userId: 'v' });
    // @ts-expect-error misspelt
    visitor.assign('chekout_redesign');
    const computed: string = 'hero';
    // @ts-expect-error any string
    visitor.assign(computed);
  });

  it('knows the names of the variants of each', async () => {
    const { variantName } = await visitor.assign('checkout_redesign');
    expectTypeOf(variantName).toEqualTypeOf<'classic' | 'one_page' | undefined>();
    const hero = await client.assign('hero', { userId: 'v' });
    if (hero.inExperiment) expectTypeOf(hero.variantName).toEqualTypeOf<'plain' | 'video' | 'quote'>();
    // @ts-expect-error a variant of another experiment
    if (variantName === 'video') return;
  });

  it('forces only existing variants', () => {
    visitor.assign('hero', { forceVariant: 'video' });
    // @ts-expect-error a variant of another experiment
    visitor.assign('hero', { forceVariant: 'one_page' });
  });

  it('checks events as before', () => {
    visitor.track('purchase', { value: 1 });
    // @ts-expect-error an event that is not in the catalogue
    visitor.track('purchased', { value: 1 });
    // @ts-expect-error a property of the wrong type
    client.track({ event: 'purchase', userId: 'v', eventProperties: { value: '1' } });
  });

  it('passes its experiments on through adapters', () => {
    requestHandler(client, async (request) => {
      const { variantName } = await request.visitor.assign('hero');
      expectTypeOf(variantName).toEqualTypeOf<'plain' | 'video' | 'quote' | undefined>();
      // @ts-expect-error misspelt
      await request.visitor.assign('heroes');
      return new Response();
    });
  });

  it('needs no catalogue of events', () => {
    const other = createClient({ token: 'test_token', experiments: { hero: ['a', 'b'] } });
    other.track({ event: 'anything', userId: 'v', eventProperties: { any: 1 } });
    other.assign('hero', { userId: 'v' });
    // @ts-expect-error misspelt
    other.assign('heroes', { userId: 'v' });
  });

  it('is assignable to a client with any catalogue', () => {
    const take = <Catalog extends EventCatalog>(one: Client<Catalog>): Client<Catalog> => one;
    expectTypeOf(take(client)).toEqualTypeOf<typeof client>();
  });

  it('may be a recording client', async () => {
    const recording = createRecordingClient({ experiments });
    // @ts-expect-error misspelt
    recording.visitor({}).assign('chekout_redesign');
    expectTypeOf(await recording.assign('hero', { userId: 'v' })).toEqualTypeOf<
      Assignment<'plain' | 'video' | 'quote'>
    >();
  });
});

describe('a client without one', () => {
  const any = createClient({ token: 'test_token', events });

  it('assigns in any experiment, to any variant', async () => {
    const key: string = 'computed';
    expectTypeOf(await any.assign(key, { userId: 'v', forceVariant: key })).toEqualTypeOf<Assignment>();
    expectTypeOf(any).toEqualTypeOf<Client<typeof events>>();
  });
});

it('experiments are keys with lists of names', () => {
  // @ts-expect-error a name instead of a list
  createClient({ token: 'test_token', experiments: { hero: 'video' } });
});
