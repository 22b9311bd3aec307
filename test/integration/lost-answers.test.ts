import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCollector, type Fault } from '../../src/collector/index.js';
import { arrived, idOf, rig, trackMany, until } from '../support/client.js';
import { holdTime } from '../support/held-time.js';

describe('when the answer does not arrive', () => {
  it.each([
    ['is lost', { kind: 'resetAfter' }],
    ['breaks off half-way', { kind: 'truncated' }],
    ['never has a body', { kind: 'stallBody' }],
  ] satisfies [string, Fault][])(
    'because it %s, the events are sent again word for word and counted once',
    async (_, fault) => {
      const { client, collector } = await rig({ requestTimeoutMs: 500 });
      const texts = [new Set<string>(), new Set<string>()];
      collector.faults.set(({ rows = [], attempt }) => {
        for (const row of rows) texts[idOf(row) === 'purchase:1' ? 1 : 0]!.add(JSON.stringify(row));
        return attempt <= 2 ? fault : undefined;
      });
      client.track({ event: 'purchase', userId: 'v', eventProperties: { value: 49.9 } });
      client.track({ event: 'purchase', userId: 'v', distinctId: 'purchase:1', time: Date.now() - 1_000 });
      const time = holdTime();
      const heads = countHeads();
      const flushed = client.flush();
      if (fault.kind === 'stallBody') {
        for (const attempt of [1, 2]) {
          await time.until(() => heads.count === attempt);
          await time.pass(500);
        }
      }
      const totals = await time.settle(flushed);
      expect(totals).toEqual({ delivered: 2, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
      expect(collector.requests).toBe(3);
      expect(
        texts.map(({ size }) => size),
        'the same ids, times and properties',
      ).toEqual([1, 1]);
      expect(collector.events()).toHaveLength(2);
      expect(collector.duplicates, 'two for each request that went again').toBe(4);
    },
  );

  it('the events are the same word for word after an outage, too', async () => {
    const { client, collector } = await rig({ maxRetries: 0 });
    const texts = new Map<string, string[]>();
    collector.faults.set(({ rows = [], attempt }) => {
      for (const row of rows) texts.set(idOf(row), [...(texts.get(idOf(row)) ?? []), JSON.stringify(row)]);
      return attempt <= 2 ? { kind: 'resetAfter' } : undefined;
    });
    trackMany(client, 3);
    client.track({ event: 'purchase', userId: 'v' });
    const totals = await holdTime().settle(client.flush(), 10);
    expect(totals).toEqual({ delivered: 4, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    expect(texts.size).toBe(4);
    for (const sent of texts.values()) {
      expect(sent.length).toBeGreaterThanOrEqual(2);
      expect(new Set(sent).size).toBe(1);
    }
    expect(collector.events()).toHaveLength(4);
  });

  it('counts a payment once that is reported twice, by the id its reporter gave it', async () => {
    const { client, collector } = await rig();
    for (const value of [49.9, 0]) {
      client.track({ event: 'purchase', userId: 'v', distinctId: 'purchase:pi_1', eventProperties: { value } });
      await client.flush();
    }
    expect(arrived(collector)).toEqual(['purchase:pi_1']);
    expect(collector.events()[0]).toMatchObject({ eventProperties: { value: '49.9' } });
  });

  it('waits no longer than requestTimeoutMs for the headers and the body together', async () => {
    const { client, collector } = await rig({ requestTimeoutMs: 300, concurrency: 1 });
    collector.faults.next({ kind: 'hang' }, { kind: 'stallBody' });
    trackMany(client, 3);
    const time = holdTime();
    const heads = countHeads();
    const flushed = client.flush();
    await time.until(() => collector.requests === 1);
    await time.pass(300);
    await time.until(() => heads.count === 1);
    await time.pass(299);
    expect(collector.requests).toBe(2);
    await time.pass(1);
    expect(await time.settle(flushed)).toMatchObject({ delivered: 3 });
    expect(collector.requests).toBe(3);
  });

  it('gives no new time to a body that trickles in', async () => {
    // A header at once and then a byte now and then: a deadline for each part would never end.
    const server = await listen((_, response, attempt) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      if (attempt > 1) return void response.end('{"success":true}');
      response.flushHeaders();
      trickle = () => void response.write(' ');
    });
    let trickle = (): void => undefined;
    const { client } = await rig({ baseUrl: server.url, requestTimeoutMs: 300 });
    trackMany(client, 1);
    const time = holdTime();
    const heads = countHeads();
    const chunks = countOf('undici:request:bodyChunkReceived');
    const flushed = client.flush();
    await time.until(() => heads.count === 1);
    for (const count of [1, 2]) {
      await time.pass(100);
      trickle();
      await time.until(() => chunks.count === count);
    }
    await time.pass(100);
    expect(await time.settle(flushed)).toMatchObject({ delivered: 1 });
    expect(server.requests).toBe(2);
  });

  it('does not take in an answer without end', async () => {
    const server = await listen((_, response, attempt) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      if (attempt > 1) return void response.end('{"success":true}');
      const flood = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', flood);
      flood();
    });
    const { client } = await rig({ baseUrl: server.url });
    trackMany(client, 1);
    expect(await client.flush()).toMatchObject({ delivered: 1 });
  });
});

describe('a keep-alive connection the service has closed meanwhile', () => {
  it('costs no waiting: the request is sent again at once', async () => {
    // With this chance a backoff would take half an hour.
    const { client, collector, warnings } = await rig({ concurrency: 1, platform: { random: () => 3_600 } });
    trackMany(client, 1, 'first ');
    await client.flush();
    collector.faults.next({ kind: 'reset' });
    trackMany(client, 5);
    expect(await client.flush()).toEqual({ delivered: 6, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    expect(collector.requests).toBe(3);
    expect(collector.sockets).toBe(2);
    expect(warnings).toEqual([]);
  });

  it('is not used again when it was closed while it lay idle', async () => {
    const { client, collector } = await rig({ concurrency: 1, platform: { random: () => 3_600 } });
    const { port } = new URL(collector.url);
    trackMany(client, 1, 'first ');
    await client.flush();
    await collector.close();
    await using again = await createCollector({ port: Number(port) });
    trackMany(client, 1);
    await client.flush();
    await until(() => arrived(again).length === 1);
  });
});

/** Counts the answers whose head undici has read. */
function countHeads(): { readonly count: number } {
  return countOf('undici:request:headers');
}

/** Counts what undici reports on a diagnostics channel until the test ends. */
function countOf(channel: string): { readonly count: number } {
  const seen = { count: 0 };
  const listener = (): void => {
    seen.count += 1;
  };
  subscribe(channel, listener);
  onTestFinished(() => void unsubscribe(channel, listener));
  return seen;
}

/** A server that answers in ways in which a collector never would. */
async function listen(
  answer: (request: IncomingMessage, response: ServerResponse, attempt: number) => void,
): Promise<{ url: string; readonly requests: number }> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    const attempt = requests;
    request.resume().on('end', () => answer(request, response, attempt));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
  };
}
