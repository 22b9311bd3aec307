import type { CommandContext } from '../command.js';
import type { Examine } from './examine.js';
import { startProgress } from './progress.js';
import { Report } from './report.js';
import type { Position, Source } from './source.js';

const MEGABYTE = 1_000_000;

export interface CheckOptions {
  readonly source: Source;
  readonly from: Position;
  /** Of the file, in bytes. */
  readonly size: number;
  readonly examine: Examine;
}

/**
 * Reads the rows behind a position and says which can be sent, before any is.
 * @throws {Error} when it is stopped, or the file cannot be read to its end
 */
export async function checkRows(options: CheckOptions, context: CommandContext): Promise<Report> {
  const { source, from, size, examine } = options;
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
