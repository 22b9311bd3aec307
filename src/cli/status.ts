import { bytesInWords, count, durationInWords } from './amounts.js';
import { readArguments, wholeNumber } from './arguments.js';
import { type Command, printUsage } from './command.js';
import { countReasons, LETTERS_LOOKED_AT, type ReasonCount } from './dead-letter-reasons.js';
import { OUTBOX_USAGE, openOutbox, outboxOptions } from './outbox-option.js';
import { type OutboxState, readState } from './outbox-state.js';

const usage = `Usage: ours-ingest status <outbox> [options]

Tells what waits in an outbox, for how long, and what was given up.

${OUTBOX_USAGE}

  --json               as one line of JSON
  --max-age <seconds>  end with code 1 when an event has waited for longer: for cron and monitoring`;

/** `ours-ingest status`: a look into an outbox. */
export const status: Command = {
  summary: 'tell what waits in an outbox',
  async run(args, { print, env }) {
    if (args.includes('--help') || args.includes('-h')) return printUsage(usage, { print });
    const { values } = readArguments({
      args: [...args],
      options: { ...outboxOptions, json: { type: 'boolean', default: false }, 'max-age': { type: 'string' } },
    });
    const maxAge = wholeNumber('--max-age', values['max-age'], { min: 0, max: 1e9 });
    const { outbox, describe, close } = await openOutbox(values, env);
    try {
      const state = await readState(outbox);
      const reasons = await countReasons(outbox.deadLetters);
      const unsealed = await outbox.countUnsealed?.();
      if (values.json) print(toJson(describe, state, reasons, unsealed));
      else for (const line of toLines(describe, state, reasons, unsealed)) print(line);
      if (maxAge !== undefined && (state.oldestAgeMs ?? 0) > maxAge * 1000) {
        throw new Error(
          `The oldest event has waited for ${durationInWords(state.oldestAgeMs ?? 0)}, longer than --max-age ${maxAge}: ` +
            'look whether a relay runs and what it says.',
        );
      }
    } finally {
      await close();
    }
  },
};

/** @param unsealed how many wait because they are not sealed; `undefined` for an outbox without sealing keys */
function toJson(
  describe: string,
  state: OutboxState,
  reasons: readonly ReasonCount[],
  unsealed: number | undefined,
): string {
  const { waiting, claimed, bytes, oldestAgeMs, deadLetters } = state;
  const oldestAgeSeconds = oldestAgeMs === undefined ? null : oldestAgeMs / 1000;
  const deadLetterReasons = Object.fromEntries(reasons.map(({ label, letters }) => [label, letters]));
  return JSON.stringify({
    outbox: describe,
    waiting,
    claimed,
    bytes,
    unsealed,
    oldestAgeSeconds,
    deadLetters,
    deadLetterReasons,
  });
}

function toLines(
  describe: string,
  state: OutboxState,
  reasons: readonly ReasonCount[],
  unsealed: number | undefined,
): string[] {
  const { waiting, claimed, bytes, oldestAgeMs, deadLetters } = state;
  const rows: [string, string][] = [
    ['waiting', count(waiting)],
    [
      'claimed',
      claimed === 0 ? '0' : `${count(claimed)} (leased to a relay; had again within five minutes if that has died)`,
    ],
    ...(unsealed
      ? [['not sealed', `${count(unsealed)} (not delivered; see docs/sealing.md)`] as [string, string]]
      : []),
    ['size', bytesInWords(bytes)],
    ['oldest', oldestAgeMs === undefined ? '–' : `${durationInWords(oldestAgeMs)} ago`],
    ['dead letters', count(deadLetters)],
  ];
  const ofReason = reasons.map(({ label, letters, meaning }) => `  ${count(letters)} ${label}: ${meaning}`);
  const rest = deadLetters > LETTERS_LOOKED_AT ? [`  … of the oldest ${count(LETTERS_LOOKED_AT)}`] : [];
  return [describe, '', ...rows.map(([name, value]) => `${name.padEnd(14)}${value}`), ...ofReason, ...rest];
}
