import { describe, expect, it } from 'vitest';
import { createCollector } from '../../src/collector/index.js';
import { startChild } from '../support/child.js';
import { arrived } from '../support/client.js';

const checkout = { key: 'checkout', variants: [{ name: 'classic' }, { name: 'one_page' }] };

describe.concurrent('a process that ends by itself', () => {
  it('delivers everything first, and ends as soon as it has', async () => {
    await using collector = await createCollector();
    const end = await startChild('just-ends', collector.baseUrl).end;
    expect(end).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(arrived(collector)).toHaveLength(301);
    expect(end.ranMs, 'no interval and no limit was waited for').toBeLessThan(4_000);
  });

  it('delivers the events of every client it has, without a warning of too many listeners', async () => {
    await using collector = await createCollector();
    const end = await startChild('just-ends', collector.baseUrl, { CLIENTS: '15' }).end;
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(arrived(collector)).toHaveLength(15 * 301);
  });

  it('delivers what is tracked at the very end as well', async () => {
    await using collector = await createCollector();
    expect(await startChild('tracks-at-the-end', collector.baseUrl).end).toMatchObject({ code: 0, stderr: '' });
    expect(collector.events().map(({ event }) => event)).toEqual(['first', 'second']);
  });

  it('delivers although the service fails at first', async () => {
    await using collector = await createCollector();
    collector.faults.next({ kind: 'status', status: 500 }, { kind: 'reset' }, { kind: 'status', status: 503 });
    expect(await startChild('just-ends', collector.baseUrl).end).toMatchObject({ code: 0 });
    expect(arrived(collector)).toHaveLength(301);
  });

  it('ends all the same when the service is down, after a while and with a warning', async () => {
    await using collector = await createCollector();
    collector.faults.set(() => ({ kind: 'status', status: 503 }));
    const end = await startChild('just-ends', collector.baseUrl).end;
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(end.ranMs).toBeGreaterThan(4_500);
    expect(end.ranMs).toBeLessThan(9_000);
    expect(end.stderr.split('\n').filter((line) => line.includes('[ours-ingest]'))).toEqual([
      expect.stringContaining('takes no events at the moment'),
      expect.stringContaining('events undelivered (301)'),
    ]);
    expect(end.stderr).not.toContain('test_shop');
  });
});

describe.concurrent('a process that closes the client', () => {
  it('ends when the deadline has passed, though requests hang', async () => {
    await using collector = await createCollector();
    collector.faults.set(() => ({ kind: 'hang' }));
    const end = await startChild('closes', collector.baseUrl, { TIMEOUT_MS: '200' }).end;
    expect(end).toMatchObject({ code: 0 });
    const { totals, msToExit } = JSON.parse(end.stdout);
    expect(totals).toEqual({ delivered: 0, rejected: 0, dropped: 0, pending: 1_000, unknown: 0 });
    expect(msToExit).toBeLessThan(1_000);
  });

  it('stays for the deadline it has given itself while the service is down', async () => {
    await using collector = await createCollector();
    collector.faults.set(() => ({ kind: 'status', status: 503 }));
    // Longer than a process stays that has not asked for anything.
    const end = await startChild('closes', collector.baseUrl, { TIMEOUT_MS: '6000' }).end;
    expect(end).toMatchObject({ code: 0 });
    expect(JSON.parse(end.stdout).totals).toEqual({
      delivered: 0,
      rejected: 0,
      dropped: 0,
      pending: 1_000,
      unknown: 0,
    });
  });
});

describe.concurrent('a process that is ended', () => {
  it('dies of SIGTERM: no signal is taken over', async () => {
    await using collector = await createCollector();
    collector.faults.set(() => ({ kind: 'hang' }));
    const child = startChild('serves', collector.baseUrl);
    await child.started;
    child.kill('SIGTERM');
    const end = await child.end;
    expect(end).toMatchObject({ code: null, signal: 'SIGTERM' });
    expect(JSON.parse(end.stdout), 'listeners of signals and of last resorts').toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe.concurrent('a process in which everything throws', () => {
  it('sees no unhandled rejection, and every event has an outcome', async () => {
    await using collector = await createCollector();
    const faults = [
      { kind: 'reset' },
      { kind: 'hang' },
      { kind: 'truncated' },
      { kind: 'status', status: 500 },
      { kind: 'status', status: 401 },
    ] as const;
    collector.faults.set(({ attempt }) => faults[attempt - 1]);
    const end = await startChild('everything-throws', collector.baseUrl).end;
    expect(end).toMatchObject({ code: 0, signal: null, stderr: '' });
    const totals = JSON.parse(end.stdout.split('\n')[1] ?? '') as Record<string, number>;
    // 100 events, 16 hostile inputs, one with a receipt and a late one.
    expect(Object.values(totals).reduce((sum, count) => sum + count, 0)).toBe(118);
    expect(totals.pending, 'the queue’s bound').toBeLessThanOrEqual(50);
  });
});

describe.concurrent('importing the package', () => {
  it('loads neither undici nor zod; undici comes with the first request', async () => {
    await using collector = await createCollector();
    const end = await startChild('imports', collector.baseUrl).end;
    expect(end).toMatchObject({ code: 0, stderr: '' });
    const [atImport = '', later = ''] = end.stdout.split('--- created');
    expect(atImport).toContain('/src/client.');
    expect(atImport).not.toMatch(/node_modules\/(undici|zod)\//);
    expect(later).toMatch(/node_modules\/undici\//);
    expect(later).not.toMatch(/node_modules\/zod\//);
  });
});

// One at a time: here the time is what counts.
describe('nothing of the client keeps a process', () => {
  it('once its events are delivered, though nobody closed anything', async () => {
    await using collector = await createCollector({ goal: 'purchase', experiments: [checkout] });
    const end = await startChild('settles', collector.baseUrl).end;
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(end.stdout).msToExit).toBeLessThan(1_000);
  });

  it('for a tenth of a second after close', async () => {
    await using collector = await createCollector({ goal: 'purchase', experiments: [checkout] });
    const times: number[] = [];
    // The best of three: the machine may have other things to do.
    while (times.length < 3 && !times.some((ms) => ms <= 100)) {
      const end = await startChild('closes', collector.baseUrl, { AGE_MS: '1000' }).end;
      expect(end).toMatchObject({ code: 0, stderr: '' });
      const { totals, msToExit } = JSON.parse(end.stdout);
      expect(totals).toEqual({ delivered: 1_000, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
      times.push(msToExit);
    }
    expect(Math.min(...times)).toBeLessThanOrEqual(100);
  });
});
