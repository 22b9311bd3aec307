import type { Instrumentation } from '@opentelemetry/instrumentation';
import { describe, expectTypeOf, it } from 'vitest';
import { createClient } from '../../src/index.js';
import { type ChannelMessages, OursInstrumentation } from '../../src/telemetry/otel/index.js';

describe('the instrumentation', () => {
  it('is one of OpenTelemetry’s', () => {
    expectTypeOf<OursInstrumentation>().toExtend<Instrumentation>();
  });

  it('observes a client until it is told to stop', () => {
    const stop = new OursInstrumentation().observe(createClient({ token: 'test_token' }));
    expectTypeOf(stop).toEqualTypeOf<() => void>();
  });

  it('has messages that name no person and no property', () => {
    type Settled = ChannelMessages['ours-ingest:settle'];
    expectTypeOf<keyof Settled>().toEqualTypeOf<'client' | 'kind' | 'event' | 'distinctId' | 'status' | 'reason'>();
  });
});
