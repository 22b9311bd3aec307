import type { DeadLetters } from '../outbox/outbox.js';
import { count } from './amounts.js';
import { readArguments, wholeNumber } from './arguments.js';
import { type Command, type CommandContext, printUsage, UsageError } from './command.js';
import { LETTER_HEAD, letterInFull, letterLine } from './letter.js';
import { OUTBOX_USAGE, openOutbox, outboxOptions } from './outbox-option.js';
import { takeAll } from './take-all.js';

const DEFAULT_LIMIT = 100;
const DAY_MS = 24 * 60 * 60_000;
/** Letters looked at at once. */
const PAGE = 500;

const usage = `Usage: ours-ingest dead-letters list <outbox> [--limit <n>]
       ours-ingest dead-letters show <outbox> <id>
       ours-ingest dead-letters replay <outbox> <id>… | --all
       ours-ingest dead-letters discard <outbox> <id>… | --older-than <days> | --all [--yes]

Looks at the events that will not be delivered, and sends them again or forgets them.

  list                 when, why, which event, its distinctId; the oldest first (${DEFAULT_LIMIT} of them)
  show                 everything about one, personal data included
  replay               put them back into the outbox; a relay delivers them
  discard              forget them for good
  --all                every letter that is there now
  --older-than <days>  those that were put aside longer ago
  --yes                do not ask before discarding all

${OUTBOX_USAGE}`;

interface Arguments {
  readonly ids: readonly string[];
  readonly all: boolean;
  readonly yes: boolean;
  readonly limit: number;
  /** Letters put aside before this time, in milliseconds since the epoch. */
  readonly before: number | undefined;
}

type Action = (letters: DeadLetters, args: Arguments, context: CommandContext) => Promise<void>;

const ACTIONS: Readonly<Record<string, Action>> = { list, show, replay, discard };

/** `ours-ingest dead-letters`: what was given up, and a second chance for it. */
export const deadLetters: Command = {
  summary: 'look at events that were given up, send them again or forget them',
  async run(args, context) {
    if (args.includes('--help') || args.includes('-h')) return printUsage(usage, context);
    const { values, positionals } = readArguments({
      args: [...args],
      allowPositionals: true,
      options: {
        ...outboxOptions,
        limit: { type: 'string' },
        'older-than': { type: 'string' },
        all: { type: 'boolean', default: false },
        yes: { type: 'boolean', default: false },
      },
    });
    const [name = '', ...ids] = positionals;
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (action === undefined) throw new UsageError('say what to do: list, show, replay or discard.');
    const limit = wholeNumber('--limit', values.limit, { min: 1, max: 1e6 }) ?? DEFAULT_LIMIT;
    const { all, yes } = values;
    const days = wholeNumber('--older-than', values['older-than'], { min: 0, max: 36_500 });
    if (days !== undefined && action !== discard) throw new UsageError('--older-than goes with discard only.');
    const choices = [ids.length > 0, all, days !== undefined].filter(Boolean).length;
    if ((action === replay || action === discard) && choices !== 1) {
      throw new UsageError(
        `${name} takes the ids of letters, or --all${action === discard ? ', or --older-than' : ''}.`,
      );
    }
    const before = days === undefined ? undefined : Date.now() - days * DAY_MS;
    if (action === list && ids.length > 0) throw new UsageError('list takes no ids; show takes one.');
    if (action === show && ids.length !== 1) throw new UsageError('show takes the id of one letter.');
    const { outbox, close } = await openOutbox(values, context.env);
    try {
      await action(outbox.deadLetters, { ids, all, yes, limit, before }, context);
    } finally {
      await close();
    }
  },
};

async function list(letters: DeadLetters, { limit }: Arguments, { print, warn }: CommandContext): Promise<void> {
  const total = await letters.count();
  const listed = await letters.list({ limit });
  // Beside the list, so that this can be piped on as it is.
  if (total > 0) warn(LETTER_HEAD);
  for (const letter of listed) print(letterLine(letter));
  if (total > listed.length) warn(`${count(listed.length)} of ${count(total)}; --limit shows more.`);
  if (total === 0) warn('No dead letters.');
}

async function show(letters: DeadLetters, { ids }: Arguments, { print, warn }: CommandContext): Promise<void> {
  const letter = await letters.get(ids[0]!);
  if (letter === undefined)
    throw new Error(`${ids[0]} is not among the dead letters: an ID is the distinctId, the last column of \`list\`.`);
  warn('What follows may be personal data: mind who sees it, and do not paste it into tickets.');
  for (const line of letterInFull(letter)) print(line);
}

async function replay(letters: DeadLetters, { ids, all }: Arguments, { print }: CommandContext): Promise<void> {
  const moved = all ? await takeAll(letters, (page) => letters.replay(page)) : await letters.replay(ids);
  print(`${count(moved)} put back into the outbox; a relay delivers them.`);
  if (!all) mustBeAll(ids, moved);
}

async function discard(letters: DeadLetters, args: Arguments, { print, ask }: CommandContext): Promise<void> {
  const { ids, all, yes, before } = args;
  if (before !== undefined) return print(`${count(await discardOlder(letters, before))} discarded.`);
  if (all && !yes) {
    const question = `Forget all ${count(await letters.count())} dead letters for good? (yes/no) `;
    if (ask === undefined)
      throw new UsageError('discard --all forgets every letter for good: add --yes if it is meant.');
    if ((await ask(question)).trim().toLowerCase() !== 'yes') return print('Nothing was discarded.');
  }
  const gone = all ? await takeAll(letters, (page) => letters.discard(page)) : await letters.discard(ids);
  print(`${count(gone)} discarded.`);
  if (!all) mustBeAll(ids, gone);
}

/** The oldest come first, so it ends with the first that is young enough. */
async function discardOlder(letters: DeadLetters, before: number): Promise<number> {
  let discarded = 0;
  for (;;) {
    const page = await letters.list({ limit: PAGE });
    const old = page.filter(({ at }) => at < before).map(({ distinctId }) => distinctId);
    if (old.length === 0) return discarded;
    discarded += await letters.discard(old);
  }
}

function mustBeAll(ids: readonly string[], done: number): void {
  const missing = new Set(ids).size - done;
  if (missing > 0)
    throw new Error(`${count(missing)} of the ids ${missing === 1 ? 'is' : 'are'} not among the dead letters.`);
}
