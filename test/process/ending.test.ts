import { describe, expect, it } from 'vitest';
import { createCollector } from '../../src/collector/index.js';
import { startChild } from '../support/child.js';
import { arrived } from '../support/client.js';

// No test here measures how long a child takes: a child that would never end is killed after two minutes. The children that wait
// for a deadline have a fast clock.

const FAST = { SPEED: '20' };
const checkout = { key: 'checkout', variants: [{ name: 'classic' }, { name: 'one_page' }] };
const PENDING = { delivered: 0, rejected: 0, dropped: 0, pending: 1_000, unknown: 0 };
const ourLines = (stderr: string): string[] => stderr.split('\n').filter((line) => line.includes('[ours-ingest]'));

describe('a process that runs out of work', () => {
  it('delivers everything first', async () => {
    await using collector = await createCollector();
    expect(await startChild('just-ends', collector.baseUrl).end).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(arrived(collector)).toHaveLength(301);
  });

  it('delivers the events of every client it has, without a warning of too many listeners', async () => {
    await using collector = await createCollector();
    const end = await startChild('just-ends', collector.baseUrl, { CLIENTS: '15', EVENTS: '1' }).end;
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(arrived(collector)).toHaveLength(15 * 2);
  });

  it.each([
    ['by its own last listener, with nothing else open', 'nothing else', ['last']],
    ['by its own last listener, after a flush', 'delivered before', ['first', 'last']],
    ['by its own last listener, with other events open', 'others open', ['first', 'last']],
    ['when the last event has its outcome', 'outcome', ['first', 'last']],
  ])('delivers what is tracked %s, without a warning', async (_, when, events) => {
    await using collector = await createCollector();
    const end = await startChild('tracks-at-the-end', collector.baseUrl, { WHEN: when }).end;
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(collector.events().map(({ event }) => event)).toEqual(events);
  });

  it.each([
    'every time',
    'every time, and waits',
    'every time, after a flush',
    'every outcome',
    'a little after every outcome',
  ])('ends although it tracks %s', async (when) => {
    await using collector = await createCollector();
    const end = await startChild('tracks-at-the-end', collector.baseUrl, { WHEN: when }).end;
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(arrived(collector).length).toBeGreaterThan(0);
  });

  it('delivers everything however long that takes, as long as the service answers', async () => {
    await using collector = await createCollector();
    collector.faults.set(() => ({ kind: 'delay', ms: 100 }));
    const end = await startChild('ends-with-a-backlog', collector.baseUrl, { SPEED: '2' }).end;
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(arrived(collector)).toHaveLength(40);
  });

  it('delivers although the service fails at first', async () => {
    await using collector = await createCollector();
    collector.faults.next({ kind: 'status', status: 500 }, { kind: 'reset' }, { kind: 'status', status: 503 });
    expect(await startChild('just-ends', collector.baseUrl).end).toMatchObject({ code: 0 });
    expect(arrived(collector)).toHaveLength(301);
  });

  it('waits for the answer of a service that is down, then ends and says how many events are undelivered', async () => {
    await using collector = await createCollector();
    collector.faults.set(() => ({ kind: 'status', status: 503 }));
    // Not so fast that loading undici on a busy machine takes all the time it has.
    const end = await startChild('just-ends', collector.baseUrl, { SPEED: '4' }).end;
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(ourLines(end.stderr)).toEqual([
      expect.stringContaining('takes no events at the moment'),
      expect.stringContaining('ends with 301 events undelivered'),
    ]);
    expect(end.stderr).not.toContain('test_shop');
  });

  it('does not wait for the answers of a service that hangs', async () => {
    await using collector = await createCollector();
    collector.faults.set(() => ({ kind: 'hang' }));
    const end = await startChild('hangs-at-the-end', collector.baseUrl, FAST).end;
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(ourLines(end.stderr).at(-1)).toContain('ends with 40 events undelivered');
  });
});

describe('a process that waits for its events', () => {
  it.each(['flush', 'settled', 'stored'])('goes on after each of forty waits, and ends once (%s)', async (how) => {
    await using collector = await createCollector();
    const end = await startChild('waits-again', collector.baseUrl, { HOW: how, ROUNDS: '40' }).end;
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(end.stdout)).toEqual({ endings: 0 });
    expect(arrived(collector)).toHaveLength(40);
  });

  it.each([
    ['says so with exit code 13 when the program was waiting', 'flush', 13],
    ['ends as usual when nobody reads the answer', 'nobody', 0],
  ])('is not kept by a service that hangs, and %s', async (_, how, code) => {
    await using collector = await createCollector();
    collector.faults.set(() => ({ kind: 'hang' }));
    const end = await startChild('waits-again', collector.baseUrl, { HOW: how, ROUNDS: '1', ...FAST }).end;
    expect(end).toMatchObject({ code, signal: null });
    expect(ourLines(end.stderr).at(-1)).toContain('ends with 1 events undelivered');
  });
});

describe.concurrent('a process whose durable outbox never confirms its events', () => {
  const unknown = ['a unknown', 'b unknown', 'c unknown'];

  it.each(['ends', 'exit'])('tells the outcome of each and warns of their number (%s)', async (how) => {
    await using collector = await createCollector();
    const end = await startChild('cannot-store', collector.baseUrl, { HOW: how, ...FAST }).end;
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(JSON.parse(end.stdout).outcomes).toEqual(unknown);
    expect(ourLines(end.stderr)).toEqual([expect.stringContaining('3 events may be lost')]);
  });

  it('does so in close() as well, which resolves', async () => {
    await using collector = await createCollector();
    const end = await startChild('cannot-store', collector.baseUrl, { HOW: 'close', ...FAST }).end;
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(JSON.parse(end.stdout)).toEqual({
      outcomes: unknown,
      totals: { delivered: 0, rejected: 0, dropped: 0, pending: 0, unknown: 3 },
    });
    expect(ourLines(end.stderr)).toEqual([expect.stringContaining('3 events may be lost')]);
  });
});

describe.concurrent('a process that closes the client', () => {
  it('is not kept alive by the client after that', async () => {
    await using collector = await createCollector({ goal: 'purchase', experiments: [checkout] });
    const end = await startChild('closes', collector.baseUrl, { ASSIGN: 'yes' }).end;
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(end.stdout)).toEqual({ totals: { ...PENDING, delivered: 1_000, pending: 0 }, kept: [] });
  });

  it('is not kept alive by the client after the deadline, even if requests hang', async () => {
    await using collector = await createCollector();
    collector.faults.set(() => ({ kind: 'hang' }));
    const end = await startChild('closes', collector.baseUrl, { TIMEOUT_MS: '200', ...FAST }).end;
    expect(end).toMatchObject({ code: 0 });
    expect(JSON.parse(end.stdout)).toEqual({ totals: PENDING, kept: [] });
  });

  it('stays until its own deadline while the service is down', async () => {
    await using collector = await createCollector();
    collector.faults.set(() => ({ kind: 'status', status: 503 }));
    // Longer than a process stays that has not asked for anything.
    const end = await startChild('closes', collector.baseUrl, { TIMEOUT_MS: '6000', ...FAST }).end;
    expect(end).toMatchObject({ code: 0 });
    expect(JSON.parse(end.stdout).totals).toEqual(PENDING);
  });
});

describe.concurrent('a process that closes nothing', () => {
  it('ends once its events are delivered and its assignment is answered', async () => {
    await using collector = await createCollector({ goal: 'purchase', experiments: [checkout] });
    const end = await startChild('settles', collector.baseUrl).end;
    expect(end).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(JSON.parse(end.stdout)).toEqual({ inExperiment: true });
  });
});

describe.concurrent('a process that is ended', () => {
  it('dies of SIGTERM: the client handles no signal', async () => {
    await using collector = await createCollector();
    collector.faults.set(() => ({ kind: 'hang' }));
    const child = startChild('serves', collector.baseUrl);
    await child.started;
    child.kill('SIGTERM');
    const end = await child.end;
    expect(end).toMatchObject({ code: null, signal: 'SIGTERM' });
    expect(JSON.parse(end.stdout), 'listeners of signals and of last resorts').toEqual([0, 0, 0, 0, 0]);
  });
});

describe.concurrent('a process that exits when it hears of an outcome', () => {
  it.each([
    ['says nothing if the batch was delivered', 'first', '3', undefined],
    ['says nothing if the last event of it was delivered', 'last', '3', undefined],
    ['warns of the events of later batches', 'first', '5', 'ends with 2 events undelivered'],
  ])('%s', async (_, when, events, warning) => {
    await using collector = await createCollector();
    const end = await startChild('exits-on-outcome', collector.baseUrl, { WHEN: when, EVENTS: events }).end;
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(ourLines(end.stderr)).toEqual(warning === undefined ? [] : [expect.stringContaining(warning)]);
    expect(arrived(collector)).toHaveLength(3);
  });
});

describe.concurrent('a process that tracks while it exits', () => {
  it.each([
    ['memory', 'nothing before', ['ends with 1 events undelivered', 'ends with 2 events undelivered']],
    ['memory', 'others open', ['ends with 1 events undelivered', 'ends with 2 events', 'ends with 3 events']],
    ['memory', 'delivered before', ['ends with 1 events undelivered', 'ends with 2 events undelivered']],
    ['durable', 'nothing before', ['1 events may be lost', '2 events may be lost']],
  ])('warns of each event (%s, %s)', async (outbox, before, warnings) => {
    await using collector = await createCollector();
    // Not so fast that loading undici on a busy machine takes all the time it has.
    const env = { OUTBOX: outbox, BEFORE: before, SPEED: '4' };
    const end = await startChild('tracks-at-the-exit', collector.baseUrl, env).end;
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(ourLines(end.stderr)).toEqual(warnings.map((warning) => expect.stringContaining(warning)));
  });

  it('ends although it tracks for every outcome', async () => {
    await using collector = await createCollector();
    const env = { OUTBOX: 'durable', AGAIN: 'yes' };
    const end = await startChild('tracks-at-the-exit', collector.baseUrl, env).end;
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(ourLines(end.stderr)[0]).toContain('1 events may be lost');
  });
});

describe.concurrent('a process in which every function of the user fails', () => {
  it.each(['throws', 'rejects'])('lives, and every event has an outcome (%s)', async (kind) => {
    await using collector = await createCollector();
    const faults = [
      { kind: 'reset' },
      { kind: 'hang' },
      { kind: 'truncated' },
      { kind: 'status', status: 500 },
      { kind: 'status', status: 401 },
    ] as const;
    collector.faults.set(({ attempt }) => faults[attempt - 1]);
    const end = await startChild('everything-throws', collector.baseUrl, { KIND: kind }).end;
    expect(end).toMatchObject({ code: 0, signal: null, stderr: '' });
    const totals = JSON.parse(end.stdout) as Record<string, number>;
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
    expect(atImport).toContain('/src/client/client.');
    expect(atImport).not.toMatch(/node_modules\/(undici|zod)\//);
    expect(atImport).not.toContain('/src/compat/');
    expect(later).toMatch(/node_modules\/undici\//);
    expect(later).not.toMatch(/node_modules\/zod\//);
    // The entries for frameworks, and the frameworks that are installed, are for whoever imports them.
    expect(end.stdout).not.toMatch(/\/src\/adapters\/|node_modules\/(@nestjs|@azure|@google-cloud|express|koa)\//);
  });
});
