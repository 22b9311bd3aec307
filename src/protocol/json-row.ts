import { toBytes } from './bytes.js';
import { toJson } from './json.js';
import { type RowWriter, type Scalar, TOO_LARGE } from './row-writer.js';

/** Writes a row as a string. It needs nothing but the language. */
export function openJsonRow(maxBytes: number): RowWriter {
  let json = '{';
  /** What was written before each open map. */
  const outer: string[] = [];
  const closed = (): string => `${json.replace(/,$/, '')}}`;
  return {
    maxBytes,
    put(name: string, value: Scalar) {
      if (json.length + String(value).length > maxBytes) throw TOO_LARGE;
      json += `${toJson(name)}:${toJson(value)},`;
    },
    open(name) {
      outer.push(json);
      json += `${toJson(name)}:{`;
    },
    close() {
      outer.pop();
      json = `${closed()},`;
    },
    discard() {
      json = outer.pop()!;
    },
    finish: () => toBytes(closed()),
  };
}
