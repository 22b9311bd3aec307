import { toBytes } from './bytes.js';
import { toJson } from './json.js';
import type { RowWriter, Scalar } from './row-writer.js';

/** Writes a row as a string. It needs nothing but the language. */
export function openJsonRow(): RowWriter {
  let json = '{';
  const opened: number[] = [];
  const close = (): void => {
    json = `${json.replace(/,$/, '')}}`;
  };
  const key = (name: string): string => `${toJson(name)}:`;
  return {
    put(name: string, value: Scalar) {
      json += `${key(name)}${toJson(value)},`;
    },
    open(name) {
      opened.push(json.length);
      json += `${key(name)}{`;
    },
    close() {
      opened.pop();
      close();
      json += ',';
    },
    discard() {
      json = json.slice(0, opened.pop());
    },
    finish() {
      close();
      return toBytes(json);
    },
  };
}
