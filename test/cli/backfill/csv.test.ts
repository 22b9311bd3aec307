import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openCsv } from '../../../src/cli/backfill/csv.js';
import { backfill } from '../../../src/cli/backfill.js';
import { type Collector, createCollector } from '../../../src/collector/index.js';
import { readLines, run, tempFile } from '../running.js';

function envFor({ baseUrl }: Collector): Record<string, string> {
  return { OURS_TOKEN: 'test_shop', OURS_BASE_URL: baseUrl };
}

describe('ours-ingest backfill of a CSV', () => {
  it('does not take the rows for all when the file has become shorter', async () => {
    const text = 'event,userId\na,u\nb,u\n';
    const { start, rows } = await openCsv(await tempFile('a.csv', text), text.length + 10);
    const read = async () => {
      for await (const _ of rows(start));
    };
    await expect(read()).rejects.toThrow('has become 10 bytes shorter');
  });

  it('reads columns by name and ignores empty cells', async () => {
    await using collector = await createCollector();
    const time = new Date(Date.now() - 60_000).toISOString();
    const file = await tempFile(
      'orders.csv',
      [
        'event,userId,email,time,distinctId,eventProperties.order.id,userProperties.city,userProperties.custom_properties.plan,defaultProperties.current_url,identityContext.ip,identityContext.userAgent',
        `purchase,u1,,${time},p1,17,Graz,pro,https://example.org/,192.0.2.1,Mozilla`,
        `purchase,,a@example.org,${Date.parse(time)},p2,,,,,,`,
        '$identify,u1,,,,,Wien,,,,',
      ].join('\n'),
    );
    const { printed, error } = await run(backfill, [file], { env: envFor(collector) });
    expect({ printed, error }).toEqual({ printed: ['3 rows: 3 can be sent.', '3 rows delivered.'], error: undefined });
    const byId = new Map(collector.events().map((event) => [event.distinctId ?? event.event, event]));
    expect(byId.get('p1')).toMatchObject({
      userId: 'u1',
      time: Date.parse(time),
      eventProperties: { 'order.id': '17' },
      userProperties: { city: 'Graz', custom_properties: { plan: 'pro' } },
      defaultProperties: { current_url: 'https://example.org/' },
    });
    expect(byId.get('p1')).not.toHaveProperty('email');
    expect(byId.get('p2')).toMatchObject({ email: 'a@example.org', time: Date.parse(time) });
    expect(byId.get('p2')).not.toHaveProperty('eventProperties');
    expect(byId.get('$identify')).toMatchObject({ userId: 'u1', userProperties: { city: 'Wien' } });
  });

  it('reads quotes, commas, line breaks, a byte order mark and Windows line endings', async () => {
    await using collector = await createCollector();
    const cells = ['plain', 'a "quoted" word', 'one,two', 'two\r\nlines', 'two\nlines', ' é – 💶 ', '"'];
    const file = await tempFile(
      'orders.csv',
      `\uFEFFevent,userId,eventProperties.note\r\n${cells
        .map((cell) => `purchase,u1,"${cell.replaceAll('"', '""')}"\r\n`)
        .join('\r\n')}`,
    );
    const { error } = await run(backfill, [file], { env: envFor(collector) });
    expect(error).toBeUndefined();
    expect(collector.events().map(({ eventProperties }) => eventProperties?.note)).toEqual(cells);
  });

  it('continues after the right row, wherever it was stopped and whatever the cells contain', {
    timeout: 300_000,
  }, async () => {
    const cell = fc.oneof(
      fc.constantFrom('', '"', ',', '\n', '\r\n', '"\n"', 'é', ' '),
      fc.string({ unit: 'binary', maxLength: 8 }),
    );
    const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(
        fc.array(cell, { minLength: 2, maxLength: 40 }),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        fc.array(fc.nat({ max: 10 }), { maxLength: 3 }),
        async (cells, end, hasMark, stops) => {
          const lines = cells.map((text, i) => `purchase,u${i},${quoted(text)}${end}${i % 5 === 0 ? end : ''}`);
          const header = `event,userId,eventProperties.note${end}`;
          const file = await tempFile(
            'orders.csv',
            `${hasMark ? '\uFEFF' : ''}${header}${lines.join('')}purchase,,${end}`,
          );
          await using collector = await createCollector();
          for (const after of stops) {
            const stop = new AbortController();
            let asked = 0;
            collector.faults.set(() => {
              asked += 1;
              if (asked === after + 2) stop.abort();
              return undefined;
            });
            // Few are in flight at once, so that some are left.
            const args = [file, '--flush-at', '1', '--concurrency', '1'];
            await run(backfill, args, { env: envFor(collector), stop: stop.signal });
            collector.faults.clear();
          }
          await run(backfill, [file], { env: envFor(collector) });
          const notes = new Map(
            collector.events().map(({ userId, eventProperties }) => [userId, eventProperties?.note]),
          );
          expect(collector.events()).toHaveLength(cells.length);
          expect(new Set(collector.events().map(({ event }) => event))).toEqual(new Set(['purchase']));
          expect(cells.map((_, i) => notes.get(`u${i}`) ?? '')).toEqual(cells);
          // The header, the cells, an empty line for every fifth row, and this row.
          const last = 2 + cells.length + Math.ceil(cells.length / 5);
          expect((await readLines(`${file}.errors.ndjson`)).map(({ row }) => row)).toEqual([last]);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('numbers rows like a spreadsheet, and only fails rows with too few or too many cells', async () => {
    await using collector = await createCollector();
    const file = await tempFile(
      'orders.csv',
      'event,userId\npurchase,"u\n1"\n\npurchase\npurchase,u,v\npurchase,\npurchase,u2\n',
    );
    await run(backfill, [file], { env: envFor(collector) });
    expect((await readLines(`${file}.errors.ndjson`)).map(({ row, code }) => [row, code])).toEqual([
      [4, 'unreadable'],
      [5, 'unreadable'],
      [6, 'no_identity'],
    ]);
    expect(collector.events().map(({ userId }) => userId)).toEqual(['u\n1', 'u2']);
  });

  it.each([
    ['an unknown column', 'event,user_id\n', "'user_id'"],
    ['a map without a name', 'event,eventProperties\n', "'eventProperties'"],
    ['a map of people that needs names', 'event,userProperties.consent\n', "'userProperties.consent'"],
    ['a property that would be lost', 'event,eventProperties.__proto__\n', 'cannot have the name __proto__'],
    ['a column twice', 'event,event\n', "'event' twice"],
    ['cells separated by something else', 'event;userId\npurchase;u\n', 'commas'],
    ['quoted cells separated by something else', 'event;userId\npurchase;"4,9"\n', 'Separate columns by commas'],
    ['a quoted header separated by something else', '"event";"userId"\npurchase;u\n', 'separate cells by commas'],
    ['no header', '', 'empty'],
  ])('refuses a file with %s', async (_, text, message) => {
    const file = await tempFile('orders.csv', text);
    const { error } = await run(backfill, [file, '--dry-run']);
    expect(error?.message).toContain(message);
  });

  it.each([
    ['is never closed', `"secret${'x'.repeat(100)}\npurchase,u\n`],
    ['is closed too early', '"secret"secret\npurchase,u\n'],
  ])('sends nothing of a file in which a quote %s', async (_, rest) => {
    await using collector = await createCollector();
    const file = await tempFile('orders.csv', `event,userId\npurchase,u\npurchase,${rest}`);
    const { error } = await run(backfill, [file], { env: envFor(collector) });
    expect(error?.message).toContain('row 3 is not valid CSV');
    expect(error?.message).not.toContain('secret');
    expect(collector.requests).toBe(0);
  });
});

it('reads each name of a header once, however many there are', async () => {
  const names = Array.from({ length: 60_000 }, (_, i) => `eventProperties.p${i}`);
  const compared = vi.spyOn(Array.prototype, 'indexOf');
  onTestFinished(() => compared.mockRestore());
  const file = await tempFile('wide.csv', `event,userId,${names.join(',')},eventProperties.p7\n`);
  const { error } = await run(backfill, [file, '--dry-run']);
  expect(error?.message).toContain("names the column 'eventProperties.p7' twice");
  expect(compared.mock.contexts.filter((list) => (list as unknown[]).length > 60_000)).toEqual([]);
});
