/** A line of a file: its bytes without the line feed, and where the next one begins. */
export interface Line {
  /** `undefined` for a line longer than was allowed. */
  readonly bytes: Buffer | undefined;
  readonly end: number;
}

const LINE_FEED = 0x0a;

/** Cuts chunks into lines. `start` is where the first chunk begins in the file; never more than one line is kept. */
export async function* toLines(chunks: AsyncIterable<Buffer>, start: number, maxBytes: number): AsyncGenerator<Line> {
  let begun: Buffer[] = [];
  let length = 0;
  let end = start;

  /** Adds to the line that has begun; what is too long is only counted. */
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
