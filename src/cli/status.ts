import { count } from '../core/counts.js';
import { type OutboxState, readState } from '../outbox/outbox-state.js';
import { about, bytesInWords, durationInWords } from './amounts.js';
import { type Command, integerOption, printUsage, readArguments } from './command.js';
import { COUNTED_DEAD_LETTERS, countReasons, type ReasonCount } from './dead-letter-reasons.js';
import { OUTBOX_USAGE, openOutbox, outboxOptions } from './outbox-option.js';

const usage = `Usage: ours-ingest status <outbox> [options]

Shows how many events wait in an outbox, for how long, and its dead letters.

${OUTBOX_USAGE}

  --json               print one line of JSON
  --max-age <seconds>  exit with 1 if an event has waited for longer: for cron and monitoring`;

/** `ours-ingest status`: shows the state of an outbox. */
export const status: Command = {
  summary: 'show what waits in an outbox',
  async run(args, { print, env }) {
    if (args.includes('--help') || args.includes('-h')) return printUsage(usage, { print });
    const { values } = readArguments({
      args: [...args],
      options: { ...outboxOptions, json: { type: 'boolean', default: false }, 'max-age': { type: 'string' } },
    });
    const maxAge = integerOption('--max-age', values['max-age'], { min: 0, max: 1e9 });
    const { outbox, describe, close } = await openOutbox(values, env);
    try {
      const state = await readState(outbox);
      const reasons = await countReasons(outbox.deadLetters);
      const report: Report = { describe, ...state, reasons, unsealed: await outbox.countUnsealed?.() };
      if (values.json) print(toJson(report));
      else for (const line of toLines(report)) print(line);
      if (maxAge !== undefined && (state.oldestAgeMs ?? 0) > maxAge * 1000) {
        throw new Error(
          `The oldest event has waited for ${durationInWords(state.oldestAgeMs ?? 0)}, longer than --max-age ${maxAge}: ` +
            'check that a relay is running, and read its output.',
        );
      }
    } finally {
      await close();
    }
  },
};

interface Report extends OutboxState {
  readonly describe: string;
  readonly reasons: readonly ReasonCount[];
  /** How many events are not sealed; `undefined` for an outbox without sealing keys. */
  readonly unsealed: number | undefined;
}

function toJson(report: Report): string {
  const { describe, waiting, claimed, bytes, isEstimated, unsealed, oldestAgeMs, deadLetters, reasons } = report;
  const oldestAgeSeconds = oldestAgeMs === undefined ? null : oldestAgeMs / 1000;
  const deadLetterReasons = Object.fromEntries(reasons.map((reason) => [reason.label, reason.deadLetters]));
  const amounts = { waiting, claimed, bytes, isEstimated, unsealed, oldestAgeSeconds, deadLetters, deadLetterReasons };
  return JSON.stringify({ outbox: describe, ...amounts });
}

function toLines(report: Report): string[] {
  const { describe, waiting, claimed, bytes, unsealed, oldestAgeMs, deadLetters, reasons } = report;
  const rows: [string, string][] = [
    ['waiting', about(report) + count(waiting)],
    [
      'claimed',
      claimed === 0
        ? '0'
        : `${about(report)}${count(claimed)} (leased to a relay; reclaimed within five minutes if that relay has died)`,
    ],
    ...(unsealed
      ? [['not sealed', `${count(unsealed)} (not delivered; see docs/sealing.md)`] as [string, string]]
      : []),
    ['size', about(report) + bytesInWords(bytes)],
    ['oldest', oldestAgeMs === undefined ? '–' : `${durationInWords(oldestAgeMs)} ago`],
    ['dead letters', count(deadLetters)],
  ];
  const ofReason = reasons.map((reason) => `  ${count(reason.deadLetters)} ${reason.label}: ${reason.meaning}`);
  const rest = deadLetters > COUNTED_DEAD_LETTERS ? [`  … of the oldest ${count(COUNTED_DEAD_LETTERS)}`] : [];
  return [describe, '', ...rows.map(([name, value]) => `${name.padEnd(14)}${value}`), ...ofReason, ...rest];
}
