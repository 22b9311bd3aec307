import {
  AsyncLocalStorageTransactionContextPropagator,
  type EvaluationContext,
  OpenFeature,
  type Provider,
} from '@openfeature/server-sdk';
import { describe, expectTypeOf, it } from 'vitest';
import { createOursProvider, type VisitorAttributes, withVisitor } from '../../src/adapters/openfeature.js';
import { createClient } from '../../src/index.js';

const ours = createClient({ token: 'test_token' });
const experiments = { shipping: ['control', 'free'], hero: ['plain', 'video'] } as const;
const known = createClient({ token: 'test_token', experiments });

describe('the OpenFeature provider', () => {
  it('is a provider for the SDK', () => {
    expectTypeOf(createOursProvider(ours)).toExtend<Provider>();
    OpenFeature.setProvider(createOursProvider(ours));
  });

  it('reads attributes that a context of the SDK can have', () => {
    const context = { targetingKey: 'v', oursSessionId: '1', oursRecord: false } satisfies VisitorAttributes &
      EvaluationContext;
    OpenFeature.getClient().getBooleanValue('checkout', false, context);
  });

  it('wraps a propagator of the SDK', () => {
    OpenFeature.setTransactionContextPropagator(withVisitor(new AsyncLocalStorageTransactionContextPropagator()));
  });

  it('takes any values without a catalogue, and those of all variants with one', () => {
    createOursProvider(ours, { values: { shipping: { control: 4.9 } } });
    createOursProvider(known, { experiments, values: { shipping: { control: 4.9, free: 0 } } });
    // @ts-expect-error no value for the variant 'free'
    createOursProvider(known, { values: { shipping: { control: 4.9 } } });
    // @ts-expect-error unknown experiment
    createOursProvider(known, { values: { shiping: { control: 4.9, free: 0 } } });
    // @ts-expect-error not JSON
    createOursProvider(ours, { values: { shipping: { control: () => 4.9 } } });
  });
});
