import { describe, expect, it } from 'vitest';
import { openNdjson } from '../../../src/cli/backfill/ndjson.js';
import type { Position, Row } from '../../../src/cli/backfill/source.js';
import { Refusal } from '../../../src/core/refusal.js';
import { tempFile } from '../running.js';

async function rowsOf(text: string, from: Position = { row: 0, bytes: 0 }): Promise<Row[]> {
  const rows: Row[] = [];
  const size = Buffer.byteLength(text);
  for await (const row of openNdjson(await tempFile('a.ndjson', text), size).rows(from)) rows.push(row);
  return rows;
}
const event = (name: string) => JSON.stringify({ event: name, userId: 'u' });

describe('the rows of an NDJSON file', () => {
  it('have the numbers of their lines, without empty lines', async () => {
    const rows = await rowsOf(`\uFEFF${event('a')}\r\n\n  \n${event('b')}`);
    expect(rows.map(({ end }) => end.row)).toEqual([1, 4]);
    expect(rows.map((row) => !(row.event instanceof Refusal) && Reflect.get(row.event.input, 'event'))).toEqual([
      'a',
      'b',
    ]);
  });

  it('continue after a position', async () => {
    const text = `${event('a')}\n${event('ä')}\n${event('c')}\n`;
    const [first, ...rest] = await rowsOf(text);
    expect(await rowsOf(text, first!.end)).toEqual(rest);
    expect(rest.at(-1)?.end).toEqual({ row: 3, bytes: Buffer.byteLength(text) });
  });

  it('are not taken for all when the file has become shorter', async () => {
    const text = `${event('a')}\n${event('b')}\n`;
    const rows = openNdjson(await tempFile('a.ndjson', text), text.length + 10).rows({ row: 0, bytes: 0 });
    const seen: Row[] = [];
    const read = async () => {
      for await (const row of rows) seen.push(row);
    };
    await expect(read()).rejects.toThrow('has become 10 bytes shorter');
    expect(seen).toHaveLength(2);
  });

  it('get an id from their number and content', async () => {
    const [one, two] = await rowsOf(`${event('a')}\n${event('a')}\n`);
    const [again] = await rowsOf(event('a'));
    const idOf = (row: Row | undefined) =>
      row && !(row.event instanceof Refusal) && Reflect.get(row.event.input, 'distinctId');
    expect(idOf(one)).toMatch(/^backfill:/);
    expect(idOf(again)).toBe(idOf(one));
    expect(idOf(two)).not.toBe(idOf(one));
  });

  it.each([
    ['no json', 'the line is not JSON.'],
    ['[1]', /^the line must be a JSON object; got /],
    ['null', /^the line must be a JSON object/],
  ])('refuse %s alone', async (line, message) => {
    const [refused, next] = await rowsOf(`${line}\n${event('b')}`);
    expect((refused!.event as Refusal).message).toMatch(message);
    expect(next!.event).not.toBeInstanceOf(Refusal);
  });
});
