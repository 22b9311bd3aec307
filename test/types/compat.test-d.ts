import { assertType, describe, expectTypeOf, it } from 'vitest';
import OursPrivacy, { APIError, type APIPromise, type BadRequestError } from '../../src/compat/index.js';

declare const client: OursPrivacy;
declare const token: string;

describe('a program for the official SDK', () => {
  it('compiles', () => {
    const params: OursPrivacy.TrackEventParams = { token, event: 'purchase', userId: 'v', eventProperties: { a: '1' } };
    expectTypeOf(client.track.event(params)).toEqualTypeOf<APIPromise<OursPrivacy.TrackEventResponse>>();
    expectTypeOf(client.visitor.upsert({ token, userProperties: { first_name: null } })).resolves.toEqualTypeOf<{
      success: true;
    }>();
    assertType<OursPrivacy>(client.withOptions({ timeout: 20_000 }));
    const error = new OursPrivacy.BadRequestError(400, 'no');
    assertType<400>(error.status);
    if (error instanceof APIError) assertType<string | null | undefined>(error.headers?.get('date'));
    assertType<BadRequestError>(error);
  });

  it('accepts an interface of its own as properties', () => {
    interface Order {
      readonly order_id: string;
    }
    const order: Order = { order_id: 'o1' };
    client.track.event({ token, event: 'purchase', userId: 'v', eventProperties: order });
  });

  it('narrows an assignment', async () => {
    const answer = await client.experiments.assignment('checkout', { token, visitor_id: 'v' });
    // @ts-expect-error an answer may be outside the experiment
    answer.variant_id;
    if (answer.in_experiment) assertType<string>(answer.variant_id);
  });

  it('is told what is missing', () => {
    // @ts-expect-error every call needs a token
    client.track.event({ event: 'purchase' });
    // @ts-expect-error rows of a batch need a distinctId
    client.batch.create({ token, events: [{ event: 'purchase' }] });
    // @ts-expect-error a person has properties
    client.visitor.upsert({ token });
    // @ts-expect-error the service has no such field
    client.track.event({ token, event: 'purchase', userProperties: { firstname: 'Ada' } });
  });
});
