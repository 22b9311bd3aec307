import { expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import type { Client } from '../../src/index.js';
import { createRecordingClient } from '../../src/testing/index.js';

const events = { purchase: z.object({ value: z.number() }), signup: z.object({}) };

it('a recording client can stand for a client of the same events, and knows their properties', () => {
  const ours = createRecordingClient({ events });
  expectTypeOf(ours).toExtend<Client<typeof events>>();
  const [first] = ours.events;
  if (first?.event === 'purchase') expectTypeOf(first.eventProperties).toEqualTypeOf<{ value: number } | undefined>();
  expectTypeOf(first!.distinctId).toBeString();
  // @ts-expect-error: not an event of the catalogue
  ours.track({ event: 'refund', userId: 'v' });
  // @ts-expect-error: the value is missing
  ours.track({ event: 'purchase', userId: 'v', eventProperties: {} });
});
