import { createReadStream } from 'node:fs';
import { Refusal, typeName } from '../../core/refusal.js';
import { type TypedEvent, toTypedEvent } from '../typed-event.js';
import { contentId } from './content-id.js';
import { toLines } from './lines.js';
import { MAX_ROW_BYTES, type Position, type Row, type Source } from './source.js';

const BYTE_ORDER_MARK = /^\uFEFF/;

/** One JSON object a line. A row's number is its line's; lines without anything are passed over. */
export function openNdjson(file: string, size: number): Source {
  return {
    start: { row: 0, bytes: 0 },
    rows: (from) => readRows(file, size, from),
  };
}

async function* readRows(file: string, size: number, from: Position): AsyncGenerator<Row> {
  if (from.bytes >= size) return;
  const chunks = createReadStream(file, { start: from.bytes, end: size - 1 });
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
    // What the parser says would quote the line.
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
    // It can be read at a depth at which it cannot be written again.
    return new Refusal('unreadable', 'the line nests values too deeply.');
  }
}
