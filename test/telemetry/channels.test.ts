import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ChannelMessages } from '../../src/telemetry/channels.js';
import { rig } from '../support/client.js';

const CHECKOUT = { key: 'checkout', variants: [{ name: 'control' }, { name: 'fast' }], primary: 'purchase' };

/** Everything that one channel publishes until the test ends. */
function listen<Name extends keyof ChannelMessages>(
  name: Name,
  onMessage: (message: ChannelMessages[Name]) => void = () => undefined,
): ChannelMessages[Name][] {
  const messages: ChannelMessages[Name][] = [];
  const listener = (message: unknown): void => {
    messages.push(message as ChannelMessages[Name]);
    onMessage(message as ChannelMessages[Name]);
  };
  subscribe(name, listener);
  onTestFinished(() => void unsubscribe(name, listener));
  return messages;
}

describe('diagnostics channels', () => {
  it('publish each step of an event, with names, counts and ids', async () => {
    const tracked = listen('ours-ingest:track');
    const stored = listen('ours-ingest:append');
    const requested = listen('ours-ingest:request');
    const settled = listen('ours-ingest:settle');
    const { client, collector } = await rig();
    client.track({ event: 'purchase', userId: 'v1', distinctId: 'purchase:1' });
    client.track({ event: 'purchase', userId: 'v2', distinctId: 'purchase:2' });
    await client.flush();
    const { client: id } = tracked[0]!;
    expect(tracked).toEqual([
      {
        client: id,
        kind: 'track',
        event: 'purchase',
        distinctId: 'purchase:1',
        bytes: expect.any(Number),
        trace: undefined,
      },
      {
        client: id,
        kind: 'track',
        event: 'purchase',
        distinctId: 'purchase:2',
        bytes: expect.any(Number),
        trace: undefined,
      },
    ]);
    expect(stored).toEqual([{ client: id, events: 2 }]);
    expect(requested).toEqual([
      {
        client: id,
        host: new URL(collector.baseUrl).host,
        path: '/batch',
        events: 2,
        bytes: expect.any(Number),
        attempt: 1,
        durationMs: expect.any(Number),
        status: 200,
        result: 'delivered',
        reason: undefined,
        traces: [],
      },
    ]);
    expect(settled).toEqual([
      { client: id, kind: 'track', event: 'purchase', distinctId: 'purchase:1', status: 'delivered', reason: '' },
      { client: id, kind: 'track', event: 'purchase', distinctId: 'purchase:2', status: 'delivered', reason: '' },
    ]);
  });

  it('publish retries and each change of the circuit breaker', async () => {
    const requested = listen('ours-ingest:request');
    const released = listen('ours-ingest:retry');
    const circuit = listen('ours-ingest:circuit');
    const { client, collector } = await rig();
    collector.faults.next({ kind: 'status', status: 500 });
    collector.faults.next({ kind: 'status', status: 503 });
    client.track({ event: 'purchase', userId: 'v1' });
    await client.flush();
    expect(requested.map(({ attempt, status, result }) => ({ attempt, status, result }))).toEqual([
      { attempt: 1, status: 500, result: 'retryable' },
      { attempt: 2, status: 503, result: 'retryable' },
      { attempt: 1, status: 200, result: 'delivered' },
    ]);
    expect(released).toEqual([expect.objectContaining({ events: 1 })]);
    expect(circuit.map(({ state }) => state)).toEqual(['open', 'half-open', 'closed']);
    expect(circuit[0]!.waitMs).toBeGreaterThan(0);
  });

  it('publish why an event is not sent', async () => {
    const settled = listen('ours-ingest:settle');
    const { client } = await rig();
    client.track({ event: '$reserved', userId: 'v1', distinctId: 'x' });
    expect(settled).toEqual([
      expect.objectContaining({ distinctId: 'x', status: 'rejected', reason: 'reserved_name' }),
    ]);
  });

  it('publish assignments with their source, and each exposure once', async () => {
    const assigned = listen('ours-ingest:assign');
    const exposed = listen('ours-ingest:exposure');
    const { client } = await rig({ collector: { experiments: [CHECKOUT] } });
    const { variantName } = await client.assign('checkout', { userId: 'v1', sessionId: '1732400000000' });
    await client.assign('checkout', { userId: 'v1', sessionId: '1732400000000' });
    await client.assign('checkout', { userId: undefined });
    await client.assign('checkout', { userId: 'v1', forceVariant: 'fast' });
    expect(assigned.map(({ reason, source, variantName: name }) => [reason, source, name])).toEqual([
      ['assigned', 'service', variantName],
      ['assigned', 'cache', variantName],
      ['no_visitor', 'none', undefined],
      ['forced', 'none', 'fast'],
    ]);
    expect(exposed).toEqual([expect.objectContaining({ experimentKey: 'checkout', variantName })]);
  });

  it('never publish properties or persons', async () => {
    const all = (['track', 'append', 'request', 'retry', 'settle', 'circuit', 'assign', 'exposure'] as const).map(
      (name) => listen(`ours-ingest:${name}`),
    );
    const { client } = await rig({ collector: { experiments: [CHECKOUT] } });
    const person = { userId: 'secret-visitor', email: 'secret@example.org', externalId: 'secret-id' };
    client.identify({ ...person, userProperties: { first_name: 'secret' } });
    client.track({
      ...person,
      event: 'purchase',
      sessionId: '1732400000000',
      eventProperties: { note: 'secret' },
      defaultProperties: { current_url: 'https://shop.example/secret' },
    });
    await client.assign('checkout', { userId: 'secret-visitor', url: 'https://shop.example/secret' });
    await client.flush();
    expect(all.flat().length).toBeGreaterThan(6);
    expect(JSON.stringify(all)).not.toContain('secret');
  });

  it('keep the trace that a subscriber sets, and name it with the request', async () => {
    const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    listen('ours-ingest:track', (message) => {
      message.trace = trace;
    });
    const requested = listen('ours-ingest:request');
    const { client } = await rig();
    client.track({ event: 'purchase', userId: 'v1' });
    await client.flush();
    expect(requested[0]!.traces).toEqual([trace]);
  });

  it('do not disturb the client when a subscriber throws', async () => {
    const uncaught: unknown[] = [];
    process.setUncaughtExceptionCaptureCallback((error) => void uncaught.push(error));
    onTestFinished(() => process.setUncaughtExceptionCaptureCallback(null));
    listen('ours-ingest:track', () => {
      throw new Error('subscriber');
    });
    const { client, collector } = await rig();
    const receipt = client.track({ event: 'purchase', userId: 'v1' });
    await client.flush();
    expect(await receipt.settled()).toEqual({ status: 'delivered' });
    expect(collector.events()).toHaveLength(1);
  });
});
