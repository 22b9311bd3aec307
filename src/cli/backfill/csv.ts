import { pipeline, Readable } from 'node:stream';
import { CsvError, type Info, type Options, type Parser, parse } from 'csv-parse';
import { printable } from '../../core/printable.js';
import { Refusal } from '../../core/refusal.js';
import { FIELDS, type FieldPath, setField, type TypedEvent, toFieldPath, toTypedEvent } from '../typed-event.js';
import { readRange } from './read-range.js';
import { contentId, MAX_ROW_BYTES, type Position, type Row, type Source } from './source.js';

interface CsvRecord {
  readonly cells: readonly string[];
  /** Records and empty lines read so far. */
  readonly count: number;
  /** Bytes read so far, this record's line ending included. */
  readonly bytes: number;
}

/** What the first line determines for all others, wherever reading starts. */
interface Header {
  readonly columns: readonly FieldPath[];
  readonly end: Position;
  readonly dialect: Options;
}

/**
 * Comma-separated values after a line with the column names. Rows are numbered as in a spreadsheet: the header is row 1.
 * @throws {Error} for an invalid header
 */
export async function openCsv(file: string, size: number): Promise<Source> {
  const header = await readHeader(file, size);
  return {
    start: header.end,
    rows: (from) => readRows(file, size, from, header),
  };
}

async function readHeader(file: string, size: number): Promise<Header> {
  const start = { row: 0, bytes: 0 };
  // The header alone, so that a file with other separators is not refused for the quotes of a later row.
  const parser = openParser(file, size, start, { bom: true, to: 1 });
  for await (const { cells, count, bytes } of readRecords(parser, start)) {
    const twice = firstRepeated(cells);
    if (twice !== undefined) throw new Error(`the header names the column '${printable(twice, 60)}' twice.`);
    const { record_delimiter, encoding } = parser.options;
    return { columns: cells.map(toColumn), end: { row: count, bytes }, dialect: { record_delimiter, encoding } };
  }
  throw new Error('the file is empty: its first line must name the columns.');
}

function firstRepeated(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}

function toColumn(name: string): FieldPath {
  const path = toFieldPath(name);
  if (path !== undefined) return path;
  throw new Error(
    `the header has a column '${printable(name, 60)}', which is not a field of an event. The columns are ${FIELDS.join(', ')}; for fields with names and values, use eventProperties.<name>. Separate columns by commas.`,
  );
}

async function* readRows(file: string, size: number, from: Position, header: Header): AsyncGenerator<Row> {
  const parser = openParser(file, size, from, header.dialect);
  for await (const { cells, count, bytes } of readRecords(parser, from)) {
    const end = { row: from.row + count, bytes: from.bytes + bytes };
    yield { end, event: readRow(end.row, cells, header.columns) };
  }
}

function openParser(file: string, size: number, from: Position, dialect: Options): Parser {
  const parser = parse({
    ...dialect,
    info: true,
    skip_empty_lines: true,
    // A row with too few or too many cells must not fail the file.
    relax_column_count: true,
    max_record_size: MAX_ROW_BYTES,
  });
  // The reader of the parser hears of errors, and ends the file's stream with it.
  return pipeline(Readable.from(readRange(file, from.bytes, size)), parser, () => undefined);
}

async function* readRecords(parser: Parser, from: Position): AsyncGenerator<CsvRecord> {
  try {
    const records: AsyncIterable<{ record: string[]; info: Info }> = parser;
    for await (const { record, info } of records) {
      yield { cells: record, count: info.records + info.empty_lines, bytes: info.bytes };
    }
  } catch (error) {
    throw error instanceof CsvError ? new Error(explain(error, from.row)) : error;
  }
}

function readRow(number: number, cells: readonly string[], columns: readonly FieldPath[]): TypedEvent | Refusal {
  if (cells.length !== columns.length) {
    return new Refusal('unreadable', `the row has ${cells.length} cells, but the header has ${columns.length}.`);
  }
  const fields: Record<string, unknown> = {};
  columns.forEach((path, index) => {
    if (cells[index] !== '') setField(fields, path, cells[index]!);
  });
  fields.distinctId ??= contentId(number, fields);
  return toTypedEvent(fields);
}

/** Messages of csv-parse quote the file, so only the code is used. */
function explain({ code, records, empty_lines }: CsvError, rowsBefore: number): string {
  const row = rowsBefore + Number(records) + Number(empty_lines) + 1;
  return `row ${row} is not valid CSV (${code}), so the next row cannot be found. Double every quote within a quoted cell, close every quote, and separate cells by commas.`;
}
