import { mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { backfill } from '../../src/cli/backfill.js';
import { UsageError } from '../../src/cli/command.js';
import { type Collector, createCollector } from '../../src/collector/index.js';
import { readLines, run, tempFile } from './running.js';

const token = 'test_shop_secret';
const DAY_MS = 24 * 60 * 60 * 1000;

function envFor({ baseUrl }: Collector): Record<string, string> {
  return { OURS_TOKEN: token, OURS_BASE_URL: baseUrl };
}

function ndjson(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

function purchase(fields: object = {}): object {
  return { event: 'purchase', userId: 'u1', ...fields };
}

describe('ours-ingest backfill', () => {
  it('sends every row of an NDJSON file, events and people', async () => {
    await using collector = await createCollector();
    const time = Date.now() - DAY_MS;
    const file = await tempFile(
      'orders.ndjson',
      `\uFEFF${ndjson([
        purchase({ time, distinctId: 'p1', sessionId: 'sid_7', eventProperties: { value: 4.5, gift: null } }),
        purchase({ time: new Date(time).toISOString(), distinctId: 'p2', userProperties: { city: 'Graz' } }),
      ])}\r\n\n${JSON.stringify({ event: '$identify', userId: 'u1', userProperties: { city: 'Wien' } })}`,
    );
    const { printed, warned, error } = await run(backfill, [file], { env: envFor(collector) });
    expect({ warned, error }).toEqual({ warned: [], error: undefined });
    expect(printed).toEqual(['3 rows: 3 can be sent.', '3 rows delivered.']);
    expect(collector.events().map(({ event, distinctId }) => [event, distinctId])).toEqual(
      expect.arrayContaining([
        ['purchase', 'p1'],
        ['purchase', 'p2'],
        ['$identify', undefined],
      ]),
    );
    expect(collector.events().find(({ distinctId }) => distinctId === 'p1')).toMatchObject({
      time,
      defaultProperties: { sid: '7' },
      eventProperties: { value: '4.5', gift: null },
    });
    expect(collector.events().find(({ distinctId }) => distinctId === 'p2')).toMatchObject({
      time,
      userProperties: { city: 'Graz' },
    });
  });

  it('reports invalid rows first, sends the others, and lists errors without values', async () => {
    await using collector = await createCollector();
    const file = await tempFile(
      'orders.ndjson',
      `${ndjson([
        purchase({ distinctId: 'p1' }),
        { event: 'purchase', eventProperties: { diagnosis: 'secret' } },
        purchase({ time: Date.now() - 8 * DAY_MS, email: 'secret@example.org' }),
        purchase({ time: Date.now() - 9 * DAY_MS }),
        purchase({ properties: { diagnosis: 'secret' } }),
        'secret',
      ])}secret {\n`,
    );
    const requests: number[] = [];
    const { error } = await run(backfill, [file], {
      env: envFor(collector),
      print: () => void requests.push(collector.requests),
    });
    expect(requests.slice(0, -1), 'requests when each line of the report was printed').toEqual([0, 0, 0, 0, 0, 0]);
    expect(error?.message).toBe(`6 rows were not delivered: ${file}.errors.ndjson says why.`);
    expect(collector.events()).toHaveLength(1);
    const errors = await readLines(`${file}.errors.ndjson`);
    expect(errors.map(({ row, code }) => [row, code])).toEqual([
      [2, 'no_identity'],
      [3, 'too_old'],
      [4, 'too_old'],
      [5, 'unknown_field'],
      [6, 'unreadable'],
      [7, 'unreadable'],
    ]);
    expect(JSON.stringify(errors)).not.toContain('secret');
    expect((await stat(`${file}.errors.ndjson`)).mode & 0o777).toBe(0o600);
    expect((await stat(`${file}.progress.json`)).mode & 0o777).toBe(0o600);
    expect(await readFile(`${file}.progress.json`, 'utf8')).not.toContain('secret');
  });

  it('reports rows that are too old, in seconds or without a time, and sends nothing with --dry-run', async () => {
    await using collector = await createCollector();
    const now = Date.now();
    const file = await tempFile(
      'orders.ndjson',
      ndjson([
        purchase(),
        purchase({ time: now }),
        purchase({ time: Math.floor(now / 1000) }),
        purchase({ time: now - 8 * DAY_MS }),
        { event: 'purchase' },
      ]),
    );
    const { printed, error } = await run(backfill, [file, '--dry-run']);
    expect(printed).toEqual([
      '5 rows: 2 can be sent, 3 cannot:',
      expect.stringMatching(/^ {2}2 too_old, first in row 3: .*at most 7 days old.*looks like seconds/),
      expect.stringMatching(/^ {2}1 no_identity, first in row 5: /),
      '1 have no time and get the time when they are sent.',
    ]);
    expect(error?.message).toBe('3 rows cannot be sent.');
    expect(collector.requests).toBe(0);
    await expect(stat(`${file}.progress.json`)).rejects.toThrow('ENOENT');
    await expect(stat(`${file}.errors.ndjson`)).rejects.toThrow('ENOENT');
  });

  it('creates no errors file if every row is delivered', async () => {
    await using collector = await createCollector();
    const file = await tempFile('orders.ndjson', ndjson([purchase()]));
    const { error } = await run(backfill, [file, '--dry-run']);
    expect(error).toBeUndefined();
    await run(backfill, [file], { env: envFor(collector) });
    await expect(stat(`${file}.errors.ndjson`)).rejects.toThrow('ENOENT');
  });

  it('lists rows that the service rejects, by number', async () => {
    await using collector = await createCollector();
    const file = await tempFile(
      'orders.ndjson',
      ndjson(Array.from({ length: 300 }, (_, i) => purchase({ distinctId: `p${i + 1}` }))),
    );
    collector.faults.set(({ rows = [] }) => ({
      kind: 'rows',
      code: 'invalid_event',
      indexes: rows.flatMap((row, i) => (['p7', 'p250'].includes((row as { distinctId: string }).distinctId) ? i : [])),
    }));
    const { printed } = await run(backfill, [file], { env: envFor(collector) });
    expect(printed).toContain('298 rows delivered, 2 not: 2 invalid_event.');
    expect(await readLines(`${file}.errors.ndjson`)).toEqual([
      { row: 7, code: 'invalid_event', message: 'injected fault' },
      { row: 250, code: 'invalid_event', message: 'injected fault' },
    ]);
  });

  it('distinguishes rows with the same distinctId, which count once', async () => {
    await using collector = await createCollector();
    const file = await tempFile(
      'orders.ndjson',
      ndjson([purchase({ distinctId: 'p' }), purchase({ distinctId: 'p' })]),
    );
    const { printed, error } = await run(backfill, [file], { env: envFor(collector) });
    expect({ last: printed.at(-1), error }).toEqual({ last: '2 rows delivered.', error: undefined });
    expect(collector.events()).toHaveLength(1);
  });

  it('counts rows with the same content separately, and each once even if the file is sent again', async () => {
    await using collector = await createCollector();
    const file = await tempFile('orders.ndjson', ndjson([purchase(), purchase(), purchase()]));
    await run(backfill, [file], { env: envFor(collector) });
    const { error } = await run(backfill, [file, '--restart'], { env: envFor(collector) });
    expect(error).toBeUndefined();
    expect(collector.events()).toHaveLength(3);
    expect(collector.duplicates).toBe(3);
  });

  it('keeps the order of the events of one person', async () => {
    await using collector = await createCollector();
    const rows = Array.from({ length: 500 }, (_, i) => ({
      event: '$identify',
      userId: `u${i % 10}`,
      userProperties: { step: i },
    }));
    const file = await tempFile('people.ndjson', ndjson(rows));
    const { error } = await run(backfill, [file], { env: envFor(collector) });
    expect(error).toBeUndefined();
    const last = new Map(collector.events().map(({ userId, userProperties }) => [userId, userProperties?.step]));
    expect([...last.values()].sort()).toEqual(Array.from({ length: 10 }, (_, i) => String(490 + i)));
  });

  it('sends nothing when the service refuses the token', async () => {
    await using collector = await createCollector({ tokens: ['test_other'] });
    const file = await tempFile('orders.ndjson', ndjson([purchase()]));
    const { error } = await run(backfill, [file], { env: envFor(collector) });
    expect(error?.message).toContain('refused the token (HTTP 401)');
    expect(error?.message).not.toContain(token);
    await expect(stat(`${file}.progress.json`)).rejects.toThrow('ENOENT');
  });

  it('waits out an outage, and says so', async () => {
    await using collector = await createCollector();
    const file = await tempFile('orders.ndjson', ndjson([purchase()]));
    collector.faults.next(undefined, { kind: 'status', status: 503 });
    const { warned, error } = await run(backfill, [file], { env: envFor(collector) });
    expect(error).toBeUndefined();
    expect(warned.join()).toContain('takes no events at the moment (HTTP 503)');
    expect(collector.events()).toHaveLength(1);
  });

  it('loses no row to a queue that the environment makes small', async () => {
    await using collector = await createCollector();
    const file = await tempFile('orders.ndjson', ndjson(Array.from({ length: 2_000 }, () => purchase())));
    const env = { ...envFor(collector), OURS_MAX_QUEUE_SIZE: '10' };
    const { error } = await run(backfill, [file, '--flush-at', '50', '--concurrency', '2'], { env });
    expect(error).toBeUndefined();
    expect(collector.events()).toHaveLength(2_000);
  });

  it('sends every row with --rate', async () => {
    await using collector = await createCollector();
    const file = await tempFile('orders.ndjson', ndjson(Array.from({ length: 50 }, () => purchase())));
    await run(backfill, [file, '--rate', '100'], { env: envFor(collector) });
    expect(collector.events()).toHaveLength(50);
  });

  it('refuses a row that is longer than any request, and continues after it', async () => {
    await using collector = await createCollector();
    const long = purchase({ eventProperties: { note: 'x'.repeat(5_000_000) } });
    const large = purchase({ eventProperties: { note: 'x'.repeat(600_000) } });
    const file = await tempFile('orders.ndjson', ndjson([long, large, purchase()]));
    await run(backfill, [file], { env: envFor(collector) });
    expect((await readLines(`${file}.errors.ndjson`)).map(({ row, code }) => [row, code])).toEqual([
      [1, 'event_too_large'],
      [2, 'event_too_large'],
    ]);
    expect(collector.events()).toHaveLength(1);
  });

  it('draws a progress bar on a terminal', async () => {
    await using collector = await createCollector();
    const file = await tempFile('orders.ndjson', ndjson([purchase()]));
    const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 120 });
    const { error } = await run(backfill, [file], { env: envFor(collector), terminal });
    expect(error).toBeUndefined();
    expect(String(terminal.read())).toMatch(/sending \[[=-]+\] \d+% of 1 rows, [\d,]+ rows\/s/);
  });

  it.each([
    ['no file', []],
    ['two files', ['a.ndjson', 'b.ndjson']],
    ['an invalid rate', ['a.ndjson', '--rate', 'fast']],
    ['a batch larger than any', ['a.ndjson', '--flush-at', '1000000']],
    ['a token on the command line', ['a.ndjson', '--token', token]],
  ])('refuses %s', async (_, args) => {
    const { error } = await run(backfill, [...args], { env: { OURS_TOKEN: token } });
    expect(error).toBeInstanceOf(UsageError);
  });

  it.each([
    ['a missing file', '/nowhere/orders.ndjson', 'ENOENT'],
    ['a folder', '/tmp', 'is not a file'],
  ])('reports that it cannot read %s', async (_, path, message) => {
    const { error } = await run(backfill, [path], { env: { OURS_TOKEN: token } });
    expect(error?.message).toContain(message);
  });

  it('refuses an unknown file extension', async () => {
    const file = await tempFile('orders.txt', '');
    const { error } = await run(backfill, [file], { env: { OURS_TOKEN: token } });
    expect(error?.message).toContain('.ndjson, .jsonl or .csv');
  });

  it('does nothing for an empty file', async () => {
    await using collector = await createCollector();
    const file = await tempFile('orders.ndjson', '');
    const { printed, error } = await run(backfill, [file], { env: envFor(collector) });
    expect({ printed, error }).toEqual({ printed: ['0 rows: 0 can be sent.', '0 rows delivered.'], error: undefined });
  });

  it('fails before anything is sent if it cannot write its progress', async () => {
    await using collector = await createCollector();
    const file = await tempFile('orders.ndjson', ndjson([purchase()]));
    // A folder with the name of the new file.
    await mkdir(`${file}.progress.json.new`);
    const { error } = await run(backfill, [file], { env: envFor(collector) });
    expect(error?.message).toContain('EISDIR');
    expect(collector.events()).toHaveLength(0);
  });
});

describe('a file that another user prepared', () => {
  const nested = (id: string) =>
    `{"event":"b","userId":"u",${id}"eventProperties":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`;

  it('loses only the row that is nested too deep for an id', async () => {
    await using collector = await createCollector();
    const good = JSON.stringify(purchase());
    const file = await tempFile('orders.ndjson', `${good}\n${nested('')}\n${good}\n`);
    const { printed, error } = await run(backfill, [file], { env: envFor(collector) });
    expect(error?.message).toContain('1 rows were not delivered');
    expect(printed.join()).toMatch(/3 rows: 2 can be sent, 1 cannot.*first in row 2/);
    expect(collector.events()).toHaveLength(2);
  });

  it('loses only the property of such a row with an id, like a client', async () => {
    await using collector = await createCollector();
    const file = await tempFile('orders.ndjson', `${nested('"distinctId":"d",')}\n${JSON.stringify(purchase())}\n`);
    const { error } = await run(backfill, [file], { env: envFor(collector) });
    expect(error).toBeUndefined();
    expect(collector.events()).toHaveLength(2);
  });

  it.each(['.progress.json', '.progress.json.new', '.errors.ndjson'])(
    'writes nothing through a link at %s',
    async (suffix) => {
      await using collector = await createCollector();
      const file = await tempFile('orders.ndjson', ndjson([purchase(), purchase({ userId: undefined })]));
      const target = await tempFile('authorized_keys', 'my-only-key\n');
      await symlink(target, file + suffix);
      await run(backfill, [file, '--restart'], { env: envFor(collector) });
      expect(await readFile(target, 'utf8')).toBe('my-only-key\n');
    },
  );

  it('does not write through a link that was created between two runs', async () => {
    await using collector = await createCollector();
    const file = await tempFile('orders.ndjson', ndjson([purchase({ userId: undefined }), purchase()]));
    const first = await run(backfill, [file], { env: envFor(collector) });
    expect(first.error?.message).toContain('1 rows were not delivered');
    const progress = JSON.parse(await readFile(`${file}.progress.json`, 'utf8'));
    await writeFile(`${file}.progress.json`, JSON.stringify({ ...progress, row: 1, bytes: 22, isDone: false }));
    const target = await tempFile('authorized_keys', 'x'.repeat(10_000));
    await rm(`${file}.errors.ndjson`);
    await symlink(target, `${file}.errors.ndjson`);
    const { error } = await run(backfill, [file], { env: envFor(collector) });
    expect(error?.message).toContain('is a symbolic link');
    expect((await stat(target)).size).toBe(10_000);
  });
});
