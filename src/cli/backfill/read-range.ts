import { createReadStream } from 'node:fs';

/**
 * The bytes of a file from a position to the end it had when it was opened.
 * @throws {Error} if the file has become shorter: the end of what is left is not the end of the rows
 */
export async function* readRange(file: string, from: number, size: number): AsyncGenerator<Buffer> {
  if (from >= size) return;
  let left = size - from;
  for await (const chunk of createReadStream(file, { start: from, end: size - 1 }) as AsyncIterable<Buffer>) {
    left -= chunk.length;
    yield chunk;
  }
  if (left > 0) {
    throw new Error(
      `${file} has become ${left} bytes shorter since it was checked. Restore it and run the command again.`,
    );
  }
}
