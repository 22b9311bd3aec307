import { describe, expect, it } from 'vitest';
import type { Client } from '../../src/client/types.js';
import type { Outcome } from '../../src/core/outcome.js';
import { answer, clientWith } from '../support/clients.js';

// biome-ignore lint/suspicious/noExplicitAny: callers without types pass anything
type Untyped = any;

/** A client without types, what it posts, and what its logger hears. */
function untyped(): { client: Untyped; bodies: string[]; said: string[] } {
  const bodies: string[] = [];
  const { client, said } = clientWith({
    fetch: async (_url, { body }) => {
      bodies.push(body);
      return answer(200, { success: true, in_experiment: false });
    },
  });
  return { client: client as Client as Untyped, bodies, said };
}

/** Expects a receipt's event to be refused with this text, and not sent. */
async function expectRefused(receipt: { settled(): Promise<Outcome> }, message: string): Promise<void> {
  expect(await receipt.settled()).toEqual({ status: 'rejected', code: 'unknown_field', message });
}

describe('a name that nothing reads', () => {
  it('refuses an event of the client, and is warned of', async () => {
    const { client, bodies, said } = untyped();
    const message = "the event has an unknown field: 'properties' (did you mean eventProperties?).";
    await expectRefused(client.track({ event: 'purchase', userId: 'v', properties: { secret: 1 } }), message);
    await expectRefused(
      client.identify({ userId: 'v', traits: { secret: 1 } }),
      "the event has an unknown field: 'traits' (did you mean userProperties?).",
    );
    expect(said.join('\n')).toContain(message);
    expect(said.join('\n')).not.toContain('secret');
    expect(bodies).toEqual([]);
  });

  it('is a warning of its own for each mistake and event, though their code is one', () => {
    const { client, said } = untyped();
    for (const field of ['properties', 'traits', 'timestamp', 'traits']) {
      client.track({ event: 'purchase', userId: 'v', [field]: 1 });
    }
    client.track({ event: 'signup', userId: 'v', traits: 1 });
    expect(said.map((line) => /track '(\w+)'.* field: '(\w+)'/.exec(line)?.slice(1).join(' '))).toEqual([
      'purchase properties',
      'purchase traits',
      'purchase timestamp',
      'signup traits',
    ]);
  });

  it('among a visitor’s fields refuses the visitor’s events, and throws nothing into the request', async () => {
    const { client, bodies, said } = untyped();
    const visitor = client.visitor({ anonymousId: 'v', sessionID: 's', externalId: 'c' });
    const message =
      "visitor() has an unknown field: 'anonymousId' (did you mean userId?), 'sessionID' (did you mean sessionId?).";
    await expectRefused(visitor.track('purchase'), message);
    await expectRefused(visitor.identify({ email: 'ada@example.org' }), message);
    expect(await visitor.assign('checkout')).toMatchObject({
      reason: 'fallback',
      error: { code: 'assignment_failed', message: expect.stringContaining(message) },
    });
    await expect(visitor.personalization()).rejects.toMatchObject({ code: 'assignment_failed' });
    expect(bodies).toEqual([]);
    expect(said.join('\n')).toContain(message);
  });

  it.each([
    [{ eventProperties: { value: 1 } }, 'eventProperties'],
    [{ event: 'purchase' }, 'event'],
    [{ timestamp: 1 }, 'timestamp'],
  ])('after a visitor’s event refuses that event: %o', async (options, name) => {
    const { client } = untyped();
    const outcome = await client.visitor({ userId: 'v' }).track('purchase', {}, options).settled();
    expect(outcome.message).toContain(
      `the third argument, after the name and the properties, has an unknown field: '${name}'`,
    );
  });

  it.each([
    [{ visitorId: 'v' }, "'visitorId' (did you mean userId?)"],
    [{ userId: 'v', session_id: 's' }, "'session_id' (did you mean sessionId?)"],
    [{ userId: 'v', timeout: 5 }, "'timeout' (did you mean timeoutMs?)"],
    [{ userId: 'v', variant: 'b' }, "'variant' (did you mean forceVariant?)"],
  ])('makes an assignment the fallback, with an error that says so: %o', async (asked, unknown) => {
    const { client, bodies } = untyped();
    expect(await client.assign('checkout', asked)).toEqual({
      inExperiment: false,
      experimentKey: 'checkout',
      reason: 'fallback',
      error: expect.objectContaining({ message: expect.stringContaining(`assign() has an unknown field: ${unknown}`) }),
    });
    expect(bodies).toEqual([]);
  });

  it('makes an assignment the fallback if its limit is no number', async () => {
    const { client, bodies } = untyped();
    const { error } = await client.assign('checkout', { userId: 'v', timeoutMs: Number.NaN });
    expect(error.message).toContain('timeoutMs must be a number of milliseconds; got NaN.');
    expect(bodies).toEqual([]);
  });

  it('makes a visitor’s assignment the fallback, the visitor’s own id included, which is known', async () => {
    const { client } = untyped();
    const { error } = await client.visitor({ userId: 'v' }).assign('checkout', { userId: 'w' });
    expect(error.message).toContain("assign() has an unknown field: 'userId'");
  });

  it('leaves nothing to ask for an assignment that is given nothing', async () => {
    const { client } = untyped();
    expect((await client.assign('checkout')).error.message).toContain('assign() takes { userId }; got nothing.');
    await expect(client.personalization('v')).rejects.toThrow('personalization() takes { userId }; got a string.');
  });

  it('refuses a visitor or a session of an assignment that are no ids', async () => {
    const { client, bodies } = untyped();
    for (const asked of [{ userId: 'undefined' }, { userId: 'v', sessionId: 'ours_sid=sid_1' }]) {
      expect(await client.assign('checkout', asked)).toMatchObject({ reason: 'fallback' });
    }
    expect(bodies).toEqual([]);
  });
});
