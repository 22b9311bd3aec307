import { describe, expect, it, vi } from 'vitest';
import { createRequestScopedClient } from '../../src/client/request-scoped-client.js';
import type { Client } from '../../src/client/types.js';
import type { VisitorInput } from '../../src/client/visitor.js';
import { createRecordingClient } from '../../src/testing/recording-client.js';
import { answer, clientWith } from '../support/clients.js';

/** What a caller without types passes. */
const untyped = (value: unknown) => value as never;

const accepting = () => clientWith({ fetch: async () => answer(200, { success: true }) });

const unreadable: [string, unknown][] = [
  ['nothing', undefined],
  ['null', null],
  [
    'a getter that throws',
    {
      get userId() {
        throw new Error('hostile');
      },
    },
  ],
  ['a url that is no string', { userId: 'v1', url: Object.create(null) }],
];
const clients: [string, () => Client][] = [
  ['a client', () => accepting().client],
  ['a recording client', () => createRecordingClient({ logger: { warn: vi.fn() } })],
  ['the client of a request', () => createRequestScopedClient(() => accepting().client)],
];

describe.each(clients)('a visitor of %s', (_client, create) => {
  it.each(unreadable)('does not fail the request for %s: its events are refused', async (_what, input) => {
    const visitor = create().visitor(input as VisitorInput);
    const refused = {
      status: 'rejected',
      code: 'unreadable',
      message: 'visitor() could not read its input: pass one object of plain data.',
    };
    expect(await visitor.track('purchase').settled()).toEqual(refused);
    expect(await visitor.identify({ externalId: 'c1' }).settled()).toEqual(refused);
    expect(await visitor.assign('checkout')).toMatchObject({ inExperiment: false, reason: 'fallback' });
  });

  it('is no test visit where the token cannot be read', async () => {
    const input: VisitorInput = {
      userId: 'v1',
      get testToken(): string {
        throw new Error('hostile');
      },
    };
    expect(await create().visitor(input).track('purchase').settled()).toEqual({ status: 'delivered' });
  });
});

describe('null means no options', () => {
  const tracked = { event: 'purchase', userId: 'v1' } as const;

  it('closes the client', async () => {
    const { client } = accepting();
    client.track(tracked);
    expect(await client.close(untyped(null))).toMatchObject({ delivered: 1, pending: 0 });
    expect(await client.track(tracked).settled()).toMatchObject({ reason: 'closed' });
  });

  it('is what each call takes it for', async () => {
    const { client } = accepting();
    const receipt = client.track(tracked);
    expect(await client.flush(untyped(null))).toMatchObject({ delivered: 1 });
    await receipt.stored(untyped(null));
    expect(await receipt.settled(untyped(null))).toEqual({ status: 'delivered' });
    expect(await client.forget({ userId: 'v1' }, untyped(null))).toMatchObject({ exposures: 0 });
    const visitor = client.visitor({ userId: 'v1' });
    expect(await visitor.track('purchase', {}, untyped(null)).settled()).toEqual({ status: 'delivered' });
    expect(await visitor.assign('checkout', untyped(null))).toMatchObject({ inExperiment: false });
  });
});
