import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Tally } from '../../src/cli/relay-metrics.js';
import { startRelayServer } from '../../src/cli/relay-server.js';
import type { DurableOutbox } from '../../src/outbox/outbox.js';
import { EVERYTHING, fileOutbox, freshEntries, giveUp, TOO_OLD } from './outbox-file.js';
import { readPrometheus } from './prometheus-check.js';

async function serve(outbox: DurableOutbox, tally = new Tally(), failure: () => string | undefined = () => undefined) {
  const server = await startRelayServer({ port: 0, host: '127.0.0.1', outbox, tally, failure });
  onTestFinished(() => server.close());
  return server.url;
}

/** An outbox that answers every question by `answer`. */
function outboxThat(answer: () => Promise<never>): DurableOutbox {
  return { durable: true, oldest: answer, stats: answer, deadLetters: { count: answer } } as unknown as DurableOutbox;
}

describe('the server of a relay', () => {
  it('is healthy while the outbox answers', async () => {
    const { outbox } = await fileOutbox();
    const response = await fetch(`${await serve(outbox)}/healthz?verbose`);
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
  });

  it('is not healthy while it fails, and returns the reason', async () => {
    const url = await serve(outboxThat(async () => Promise.reject(new Error('disk I/O error'))));
    const response = await fetch(`${url}/healthz`);
    expect([response.status, await response.json()]).toEqual([
      503,
      { status: 'unavailable', reason: 'the outbox does not answer: disk I/O error' },
    ]);
  });

  it("is not healthy while the relay's own work fails, even if the outbox answers questions", async () => {
    const { outbox } = await fileOutbox();
    let failure: string | undefined = 'this Redis is a read-only replica.';
    const url = await serve(outbox, new Tally(), () => failure);
    const response = await fetch(`${url}/healthz`);
    expect([response.status, await response.json()]).toEqual([
      503,
      { status: 'unavailable', reason: 'the relay cannot work on the outbox: this Redis is a read-only replica.' },
    ]);
    const up = async () => readPrometheus(await (await fetch(`${url}/metrics`)).text()).get('ours_ingest_outbox_up');
    expect(await up()).toBe(0);
    failure = undefined;
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(await up()).toBe(1);
  });

  it('waits 5 seconds for an outbox that hangs', async () => {
    let isAsked = false;
    const url = await serve(
      outboxThat(() => {
        isAsked = true;
        return new Promise(() => undefined);
      }),
    );
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const pending = fetch(`${url}/healthz`);
    while (!isAsked) await new Promise(setImmediate);
    vi.advanceTimersByTime(5_000);
    const response = await pending;
    expect([response.status, await response.text()]).toEqual([
      503,
      expect.stringContaining('no answer within 5000 ms'),
    ]);
  });

  it('counts outcomes and the contents of the outbox for Prometheus', async () => {
    const { outbox } = await fileOutbox();
    await outbox.append(freshEntries(1, 'bad'));
    await giveUp(outbox, TOO_OLD);
    await outbox.append(freshEntries(3));
    await outbox.claim({ ...EVERYTHING, maxEntries: 2 });
    const tally = new Tally();
    tally.add({ status: 'delivered' });
    tally.add({ status: 'delivered' });
    tally.add(TOO_OLD);
    tally.add({ status: 'dropped', reason: 'outbox_failed' });
    const response = await fetch(`${await serve(outbox, tally)}/metrics`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const samples = readPrometheus(await response.text());
    const { bytes } = await outbox.stats();
    expect(Object.fromEntries(samples)).toEqual({
      'ours_ingest_build_info{version="0.1.0"}': 1,
      ours_ingest_outbox_up: 1,
      'ours_ingest_outcomes_total{status="delivered",reason=""}': 2,
      'ours_ingest_outcomes_total{status="rejected",reason="invalid_event"}': 0,
      'ours_ingest_outcomes_total{status="rejected",reason="http_error"}': 0,
      'ours_ingest_outcomes_total{status="rejected",reason="event_too_large"}': 0,
      'ours_ingest_outcomes_total{status="dropped",reason="too_old"}': 1,
      'ours_ingest_outcomes_total{status="dropped",reason="retries_exhausted"}': 0,
      'ours_ingest_outcomes_total{status="dropped",reason="outbox_failed"}': 1,
      ours_ingest_waiting_events: 1,
      ours_ingest_claimed_events: 2,
      ours_ingest_outbox_bytes: bytes,
      ours_ingest_dead_letters: 1,
      ours_ingest_oldest_age_seconds: expect.any(Number),
    });
  });

  it('reports to Prometheus that the outbox is down, without its contents', async () => {
    const url = await serve(outboxThat(async () => Promise.reject(new Error('disk I/O error'))));
    const response = await fetch(`${url}/metrics`);
    const samples = readPrometheus(await response.text());
    expect(response.status).toBe(200);
    expect(samples.get('ours_ingest_outbox_up')).toBe(0);
    expect([...samples.keys()].join()).not.toContain('waiting');
  });

  it('has no other paths', async () => {
    const { outbox } = await fileOutbox();
    expect((await fetch(`${await serve(outbox)}/`)).status).toBe(404);
  });
});
