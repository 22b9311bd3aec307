import { count } from '../../core/counts.js';
import { reasonOf, type Undelivered } from '../../core/outcome.js';
import { Refusal } from '../../core/refusal.js';
import { type EncodeContext, encodeIdentify, encodeTrack } from '../../protocol/event.js';
import { openByteRow } from '../../protocol/json-bytes.js';
import { LIBRARY } from '../../protocol/library.js';
import { DEFAULT_BATCH_BYTES, RESERVED_BYTES } from '../../protocol/limits.js';
import { exactReading, isTooOld } from '../../protocol/time.js';
import type { CommandContext } from '../command.js';
import type { TypedEvent } from '../typed-event.js';
import { startProgress } from './progress.js';
import type { Position, Row, Source } from './source.js';

/** Returns an event that can be sent, or the outcome it would get. */
export type Examine = (event: TypedEvent | Refusal) => TypedEvent | Undelivered;

/** Examines events with the client's own encoder. */
export function createExamine(maxBatchBytes: number = DEFAULT_BATCH_BYTES): Examine {
  const context: EncodeContext = {
    clock: () => exactReading(Date.now()),
    randomId: () => 'not sent',
    openRow: openByteRow,
    maxBytes: maxBatchBytes - RESERVED_BYTES,
    catalog: undefined,
    version: LIBRARY,
    reporterFor: () => () => undefined,
  };
  return (event) => {
    if (event instanceof Refusal) return toOutcome(event);
    if (event.kind === 'identify') {
      const encoded = encodeIdentify(event.input, context);
      return encoded instanceof Refusal ? toOutcome(encoded) : event;
    }
    const encoded = encodeTrack(event.input, context);
    if (!(encoded instanceof Refusal)) return event;
    const isOld = encoded.code === 'invalid_time' && isTooOld(Number(event.input.time), Date.now());
    return isOld ? { status: 'dropped', reason: 'too_old', message: encoded.message } : toOutcome(encoded);
  };
}

function toOutcome({ code, message }: Refusal): Undelivered {
  return { status: 'rejected', code, message };
}

interface Problem {
  rows: number;
  readonly firstRow: number;
  /** The message of the first row. */
  readonly message: string | undefined;
}

/** Counts the rows that can be sent, and the problems of the others. */
class Report {
  rows = 0;
  unsendable = 0;
  readonly #examine: Examine;
  readonly #problems = new Map<string, Problem>();
  /** Events without a time. */
  #timeless = 0;

  constructor(examine: Examine) {
    this.#examine = examine;
  }

  add({ end, event }: Row): void {
    this.rows += 1;
    const examined = this.#examine(event);
    if (!('status' in examined)) {
      if (examined.kind === 'track' && examined.input.time == null) this.#timeless += 1;
      return;
    }
    this.unsendable += 1;
    const code = reasonOf(examined);
    const problem = this.#problems.get(code);
    if (problem !== undefined) problem.rows += 1;
    else this.#problems.set(code, { rows: 1, firstRow: end.row, message: examined.message });
  }

  lines(): string[] {
    const { rows, unsendable } = this;
    const others = unsendable === 0 ? '.' : `, ${count(unsendable)} cannot:`;
    const problems = [...this.#problems].map(
      ([code, problem]) => `  ${count(problem.rows)} ${code}, first in row ${problem.firstRow}: ${problem.message}`,
    );
    const timeless =
      this.#timeless === 0 ? [] : [`${count(this.#timeless)} have no time and get the time when they are sent.`];
    return [`${count(rows)} rows: ${count(rows - unsendable)} can be sent${others}`, ...problems, ...timeless];
  }
}

export interface CheckOptions {
  readonly source: Source;
  readonly from: Position;
  /** The size of the file, in bytes. */
  readonly size: number;
  readonly examine: Examine;
}

const MEGABYTE = 1_000_000;

/**
 * Reads the rows after a position and reports which can be sent, before any is sent.
 * @throws {Error} when it is stopped, or the file cannot be read to its end
 */
export async function checkRows(
  { source, from, size, examine }: CheckOptions,
  context: CommandContext,
): Promise<{ readonly rows: number; readonly unsendable: number }> {
  const report = new Report(examine);
  let read = from.bytes;
  const progress = await startProgress(
    {
      doing: 'checking',
      unit: 'MB',
      total: Math.ceil((size - from.bytes) / MEGABYTE),
      done: () => Math.round((read - from.bytes) / MEGABYTE),
    },
    context,
  );
  try {
    for await (const one of source.rows(from)) {
      if (context.stop.aborted) throw new Error('Stopped before anything was sent.');
      report.add(one);
      read = one.end.bytes;
    }
  } finally {
    progress.stop();
  }
  for (const line of report.lines()) context.print(line);
  return report;
}
