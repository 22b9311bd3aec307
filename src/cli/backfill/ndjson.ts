import { Refusal, typeName } from '../../core/refusal.js';
import { type TypedEvent, toTypedEvent } from '../typed-event.js';
import { readRange } from './read-range.js';
import { contentId, MAX_ROW_BYTES, type Position, type Row, type Source } from './source.js';

const BYTE_ORDER_MARK = /^\uFEFF/;

/** One JSON object per line. A row's number is its line number. Empty lines are skipped. */
export function openNdjson(file: string, size: number): Source {
  return {
    start: { row: 0, bytes: 0 },
    rows: (from) => readRows(file, size, from),
  };
}

async function* readRows(file: string, size: number, from: Position): AsyncGenerator<Row> {
  const chunks = readRange(file, from.bytes, size);
  let number = from.row;
  for await (const { bytes, end } of toLines(chunks, from.bytes, MAX_ROW_BYTES)) {
    number += 1;
    const text = bytes?.toString().replace(BYTE_ORDER_MARK, '');
    if (text?.trim() === '') continue;
    yield { end: { row: number, bytes: end }, event: readRow(number, text) };
  }
}

function readRow(number: number, text: string | undefined): TypedEvent | Refusal {
  if (text === undefined) return new Refusal('event_too_large', `the line is longer than ${MAX_ROW_BYTES} bytes.`);
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    // The parser's message would quote the line.
    return new Refusal('unreadable', 'the line is not JSON.');
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    return new Refusal('unreadable', `the line must be a JSON object; got ${typeName(fields)}.`);
  }
  const distinctId = distinctIdOf(fields, number);
  return distinctId instanceof Refusal ? distinctId : toTypedEvent({ ...fields, distinctId });
}

function distinctIdOf(fields: object, number: number): unknown {
  const given = 'distinctId' in fields ? fields.distinctId : undefined;
  if (given != null) return given;
  try {
    return contentId(number, fields);
  } catch {
    // Parsing can go deeper than serialising.
    return new Refusal('unreadable', 'values are nested too deeply.');
  }
}

/** A line of a file: its bytes without the line feed, and the position of the next line. */
interface Line {
  /** `undefined` for a line that is too long. */
  readonly bytes: Buffer | undefined;
  readonly end: number;
}

const LINE_FEED = 0x0a;

/** Splits chunks into lines and buffers at most one line. `start` is the position of the first chunk in the file. */
async function* toLines(chunks: AsyncIterable<Buffer>, start: number, maxBytes: number): AsyncGenerator<Line> {
  let begun: Buffer[] = [];
  let length = 0;
  let end = start;

  /** Adds to the current line. A line that is too long is only counted. */
  const add = (piece: Buffer): void => {
    length += piece.length;
    end += piece.length;
    if (length <= maxBytes) begun.push(piece);
    else begun = [];
  };
  const finish = (): Line => {
    const bytes = length > maxBytes ? undefined : begun.length === 1 ? begun[0]! : Buffer.concat(begun);
    begun = [];
    length = 0;
    return { bytes, end };
  };

  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, from)) {
      add(chunk.subarray(from, at));
      end += 1;
      from = at + 1;
      yield finish();
    }
    if (from < chunk.length) add(chunk.subarray(from));
  }
  if (length > 0) yield finish();
}
