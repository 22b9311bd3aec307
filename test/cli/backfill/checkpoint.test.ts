import { mkdirSync } from 'node:fs';
import { appendFile, readFile, rm, rmdir, utimes, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { resume, writeCheckpoint } from '../../../src/cli/backfill/checkpoint.js';
import { backfill } from '../../../src/cli/backfill.js';
import { type Collector, createCollector } from '../../../src/collector/index.js';
import { seeded } from '../../support/client.js';
import { readLines, run, runChild, tempFile } from '../running.js';

const token = 'test_shop';

function envFor({ baseUrl }: Collector): Record<string, string> {
  return { OURS_TOKEN: token, OURS_BASE_URL: baseUrl };
}

/** Rows, half of them without a distinctId and every thousandth invalid, with the numbers of the invalid ones. */
function someRows(count: number): { readonly text: string; readonly bad: readonly number[] } {
  const bad: number[] = [];
  const lines = Array.from({ length: count }, (_, index) => {
    const row = index + 1;
    if (row % 1_000 === 0) bad.push(row);
    const who = row % 1_000 === 0 ? {} : { userId: `u${row}` };
    const id = row % 2 === 0 ? { distinctId: `p${row}` } : {};
    return `${JSON.stringify({ event: 'purchase', ...who, ...id, eventProperties: { row } })}\n`;
  });
  return { text: lines.join(''), bad };
}

/** The rows that the collector has, in the order of the file. Duplicates are included. */
function rowsIn(collector: Collector): number[] {
  return collector
    .events()
    .map(({ eventProperties }) => Number(eventProperties?.row))
    .sort((one, other) => one - other);
}

function rowsBut(count: number, bad: readonly number[]): number[] {
  const without = new Set(bad);
  return Array.from({ length: count }, (_, index) => index + 1).filter((row) => !without.has(row));
}

describe('an interrupted backfill', () => {
  it('counts every row once after five stops anywhere in 50,000 rows', {
    timeout: 300_000,
  }, async () => {
    const [count, random] = [50_000, seeded(4)];
    const { text, bad } = someRows(count);
    const file = await tempFile('orders.ndjson', text);
    let [arrived, stopAt] = [0, 0];
    let stop = new AbortController();
    await using collector = await createCollector({
      observe() {
        arrived += 1;
        if (arrived === stopAt) stop.abort();
      },
    });
    const reported: number[] = [];
    for (let stops = 0; stops < 5; stops += 1) {
      stop = new AbortController();
      stopAt = arrived + 1 + Math.floor(random() * 9_000);
      const { error } = await run(backfill, [file], { env: envFor(collector), stop: stop.signal });
      expect(error?.message).toMatch(/^Stopped after row [\d,]+: the same command continues there\.$/);
      reported.push(Number(/row ([\d,]+)/.exec(error?.message ?? '')?.[1]?.replaceAll(',', '')));
    }
    expect(reported, 'each continues where the last one stopped').toEqual(
      [...reported].sort((one, other) => one - other),
    );
    const { printed, error } = await run(backfill, [file], { env: envFor(collector) });
    expect(printed[0]).toBe(`Continuing after row ${reported.at(-1)?.toLocaleString('en')}.`);
    expect(printed.at(-1)).toBe('49,950 rows delivered, 50 not: 50 no_identity.');
    expect(error?.message).toContain('50 rows were not delivered');
    expect(rowsIn(collector)).toEqual(rowsBut(count, bad));
    expect((await readLines(`${file}.errors.ndjson`)).map(({ row }) => row)).toEqual(bad);
  });

  it('counts every row once after three SIGKILLs', { timeout: 600_000 }, async () => {
    const [count, random] = [50_000, seeded(9)];
    const { text, bad } = someRows(count);
    const file = await tempFile('orders.ndjson', text);
    let [arrived, killAt] = [0, 0];
    let kill: () => void = () => undefined;
    await using collector = await createCollector({
      observe() {
        arrived += 1;
        if (arrived === killAt) kill();
      },
    });
    for (let kills = 0; kills < 3; kills += 1) {
      killAt = arrived + 1 + Math.floor(random() * 15_000);
      const child = runChild(['backfill', file], envFor(collector));
      kill = () => child.process.kill('SIGKILL');
      expect(await child.end).toBe('SIGKILL');
    }
    const last = runChild(['backfill', file], envFor(collector));
    expect(await last.end).toBe(1);
    expect(last.stdout()).toContain('49,950 rows delivered, 50 not: 50 no_identity.');
    expect(rowsIn(collector)).toEqual(rowsBut(count, bad));
    expect((await readLines(`${file}.errors.ndjson`)).map(({ row }) => row)).toEqual(bad);
  });

  it('loses no error if the errors file cannot be written for a while', async () => {
    await using collector = await createCollector();
    const { text, bad } = someRows(12_000);
    const file = await tempFile('orders.ndjson', text);
    // In place of the file, once rows are being sent.
    collector.faults.set(({ attempt }) => {
      if (attempt === 2) mkdirSync(`${file}.errors.ndjson`);
      return undefined;
    });
    const { error } = await run(backfill, [file], { env: envFor(collector) });
    expect(error?.message).toContain('EISDIR');
    await rmdir(`${file}.errors.ndjson`);
    await run(backfill, [file], { env: envFor(collector) });
    expect((await readLines(`${file}.errors.ndjson`)).map(({ row }) => row)).toEqual(bad);
    expect(rowsIn(collector)).toEqual(rowsBut(12_000, bad));
  });

  it('ends when a signal stops it, even while the service does not answer', async () => {
    await using collector = await createCollector();
    const file = await tempFile('orders.ndjson', someRows(10).text);
    const child = runChild(['backfill', file], envFor(collector));
    // The first request checks the token.
    collector.faults.set(({ attempt }) => {
      if (attempt === 2) child.process.kill('SIGINT');
      return attempt === 1 ? undefined : { kind: 'status', status: 503 };
    });
    expect(await child.end).toBe(1);
    expect(child.stderr()).toContain('Stopped after row 0');
  });

  it('sends rows with unknown outcomes again, and counts them once', async () => {
    const stop = new AbortController();
    await using collector = await createCollector();
    const file = await tempFile('orders.ndjson', someRows(150).text);
    collector.faults.set(({ attempt }) => {
      if (attempt < 2) return undefined;
      stop.abort();
      return { kind: 'stallBody' };
    });
    const stopped = await run(backfill, [file], {
      env: { ...envFor(collector), OURS_REQUEST_TIMEOUT_MS: '200' },
      stop: stop.signal,
    });
    expect(stopped.error?.message).toBe('Stopped after row 0: the same command continues there.');
    collector.faults.clear();
    const { error } = await run(backfill, [file], { env: envFor(collector) });
    expect(error).toBeUndefined();
    expect(collector.events()).toHaveLength(150);
    expect(collector.duplicates).toBeGreaterThan(0);
  });
});

describe('a completed backfill', () => {
  /** A file that was not sent completely: it has more rows than may be in flight. */
  const stoppedFile = async (collector: Collector, text = someRows(2_500).text): Promise<string> => {
    const file = await tempFile('orders.ndjson', text);
    const stop = new AbortController();
    // The first request checks the token.
    let requests = 0;
    collector.faults.set(() => {
      requests += 1;
      if (requests === 3) stop.abort();
      return undefined;
    });
    const { error } = await run(backfill, [file], { env: envFor(collector), stop: stop.signal });
    expect(error?.message).toContain('Stopped');
    return file;
  };

  it('does nothing the second time', async () => {
    await using collector = await createCollector();
    const file = await tempFile('orders.ndjson', someRows(1_000).text);
    await run(backfill, [file], { env: envFor(collector) });
    const requests = collector.requests;
    const { printed, error } = await run(backfill, [file], { env: envFor(collector) });
    expect(printed[0]).toContain('was already sent');
    expect(error?.message).toContain('1 rows were not delivered');
    expect(collector.requests).toBe(requests);
  });

  it.each([
    ['is longer', (file: string) => appendFile(file, '{}\n')],
    [
      'is as long but newer',
      async (file: string) => {
        await writeFile(file, (await readFile(file, 'utf8')).replace('u1', 'u2'));
        await utimes(file, 0, 0);
      },
    ],
  ])('does not continue in a file that %s', async (_, change) => {
    await using collector = await createCollector();
    const file = await stoppedFile(collector);
    await change(file);
    const { requests } = collector;
    const { error } = await run(backfill, [file], { env: envFor(collector) });
    expect(error?.message).toContain('has changed');
    expect(error?.message).toContain('--restart');
    expect(collector.requests).toBe(requests);
    expect((await run(backfill, [file, '--restart'], { env: envFor(collector) })).printed[0]).toMatch(/^2,50[01] rows/);
  });

  it('does not continue with another token or address', async () => {
    await using collector = await createCollector();
    await using other = await createCollector();
    const file = await stoppedFile(collector);
    for (const env of [{ ...envFor(collector), OURS_TOKEN: 'test_other' }, envFor(other)]) {
      const { error } = await run(backfill, [file], { env });
      expect(error?.message).toContain('another token or to another address');
    }
  });

  it('does not trust a checkpoint it cannot read', async () => {
    await using collector = await createCollector();
    const file = await stoppedFile(collector);
    await writeFile(`${file}.progress.json`, '{"version":1,');
    const { error } = await run(backfill, [file], { env: envFor(collector) });
    expect(error?.message).toContain('is damaged');
    const { printed } = await run(backfill, [file, '--restart'], { env: envFor(collector) });
    expect(printed.at(-1)).toContain('2,498 rows delivered');
  });

  it('removes the errors of the previous run when it starts over', async () => {
    await using collector = await createCollector();
    const file = await tempFile('orders.ndjson', someRows(2_000).text);
    for (const args of [[file], [file, '--restart']]) {
      await run(backfill, args, { env: envFor(collector) });
      expect((await readLines(`${file}.errors.ndjson`)).map(({ row }) => row)).toEqual([1_000, 2_000]);
    }
  });

  it('removes errors that were written after the last checkpoint before a crash', async () => {
    await using collector = await createCollector();
    const { text } = someRows(2_500);
    for (const before of ['', '{}\n']) {
      const file = await stoppedFile(collector, `${before}${text}{}\n`);
      await appendFile(`${file}.errors.ndjson`, '{"row":2501,"code":"no_iden');
      await run(backfill, [file], { env: envFor(collector) });
      const errors = await readLines(`${file}.errors.ndjson`);
      expect(errors.map(({ row }) => row)).toEqual(before ? [1, 1_001, 2_001, 2_502] : [1_000, 2_000, 2_501]);
    }
  });

  it('continues if its errors file was removed', async () => {
    await using collector = await createCollector();
    const file = await stoppedFile(collector, `{}\n${someRows(2_500).text}{}\n`);
    expect((await readLines(`${file}.errors.ndjson`))[0]).toMatchObject({ row: 1 });
    await rm(`${file}.errors.ndjson`);
    await run(backfill, [file], { env: envFor(collector) });
    const rows = (await readLines(`${file}.errors.ndjson`)).map(({ row }) => row);
    expect(rows).not.toContain(1);
    expect(rows.at(-1)).toBe(2_502);
  });
});

it('two backfills of one file at once end with an error that says so, not with a file that is missing', async () => {
  const file = await tempFile('rows.ndjson', '');
  const input = { size: 0, mtimeMs: 0 };
  const start = { row: 0, bytes: 0 };
  const checkpointFile = `${file}.progress.json`;
  const checkpoint = await resume({ path: file, input, start, checkpointFile, restart: false, token, baseUrl: 'x' });
  const saves = Array.from({ length: 20 }, () => writeCheckpoint(checkpointFile, checkpoint));
  const results = await Promise.allSettled(saves);
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason.message)] : []));
  expect(reasons.length).toBeGreaterThan(0);
  for (const reason of reasons) expect(reason).toMatch(/another backfill of the same file is running/);
});
