import { count } from '../core/counts.js';
import type { DeadLetters } from '../outbox/outbox.js';
import { type Command, type CommandContext, integerOption, printUsage, readArguments, UsageError } from './command.js';
import { DEAD_LETTER_HEADING, deadLetterLine, formatDeadLetter } from './format-dead-letter.js';
import { OUTBOX_USAGE, openOutbox, outboxOptions } from './outbox-option.js';

const DEFAULT_LIMIT = 100;
/** Dead letters that are read at a time. */
const PAGE = 500;

const usage = `Usage: ours-ingest dead-letters list <outbox> [--limit <n>]
       ours-ingest dead-letters show <outbox> <id>
       ours-ingest dead-letters replay <outbox> <id>… | --all
       ours-ingest dead-letters discard <outbox> <id>… | --older-than <days> | --all [--yes]

Shows the events that could not be delivered, and replays or discards them.

  list                 time, reason, event and distinctId; the oldest first (${DEFAULT_LIMIT} of them)
  show                 all data of one dead letter, including personal data
  replay               move dead letters back into the outbox; a relay delivers them
  discard              delete dead letters for good
  --all                all current dead letters
  --older-than <days>  those that have been dead letters for longer
  --yes                do not ask before discarding all

${OUTBOX_USAGE}`;

interface Arguments {
  readonly ids: readonly string[];
  readonly all: boolean;
  readonly yes: boolean;
  readonly limit: number;
  /** Dead letters from before this time, in milliseconds since the epoch. */
  readonly before: number | undefined;
}

type Action = (deadLetters: DeadLetters, args: Arguments, context: CommandContext) => Promise<void>;

const ACTIONS: Readonly<Record<string, Action>> = { list, show, replay, discard };

/** `ours-ingest dead-letters`: shows, replays and discards events that could not be delivered. */
export const deadLetters: Command = {
  summary: 'show events that could not be delivered, replay or discard them',
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
    if (action === undefined) throw new UsageError('name an action: list, show, replay or discard.');
    const limit = integerOption('--limit', values.limit, { min: 1, max: 1e6 }) ?? DEFAULT_LIMIT;
    const { all, yes } = values;
    const days = integerOption('--older-than', values['older-than'], { min: 0, max: 36_500 });
    if (days !== undefined && action !== discard) throw new UsageError('--older-than is for discard only.');
    const choices = [ids.length > 0, all, days !== undefined].filter(Boolean).length;
    if ((action === replay || action === discard) && choices !== 1) {
      throw new UsageError(`${name} takes ids, or --all${action === discard ? ', or --older-than' : ''}.`);
    }
    const before = days === undefined ? undefined : Date.now() - days * 86_400_000;
    if (action === list && ids.length > 0) throw new UsageError('list takes no ids; show takes one.');
    if (action === show && ids.length !== 1) throw new UsageError('show takes one id.');
    const { outbox, close } = await openOutbox(values, context.env);
    try {
      await action(outbox.deadLetters, { ids, all, yes, limit, before }, context);
    } finally {
      await close();
    }
  },
};

async function list(deadLetters: DeadLetters, { limit }: Arguments, { print, warn }: CommandContext): Promise<void> {
  const total = await deadLetters.count();
  const listed = await deadLetters.list({ limit });
  // To stderr, so that the list can be piped.
  if (total > 0) warn(DEAD_LETTER_HEADING);
  for (const one of listed) print(deadLetterLine(one));
  if (total > listed.length) warn(`${count(listed.length)} of ${count(total)}; --limit shows more.`);
  if (total === 0) warn('No dead letters.');
}

async function show(deadLetters: DeadLetters, { ids }: Arguments, { print, warn }: CommandContext): Promise<void> {
  const found = await deadLetters.get(ids[0]!);
  if (found === undefined)
    throw new Error(`${ids[0]} is not a dead letter: an ID is the distinctId, the last column of \`list\`.`);
  warn('This may be personal data: do not paste it into tickets.');
  for (const line of formatDeadLetter(found)) print(line);
}

async function replay(deadLetters: DeadLetters, { ids, all }: Arguments, { print }: CommandContext): Promise<void> {
  const moved = all ? await takeAll(deadLetters, (page) => deadLetters.replay(page)) : await deadLetters.replay(ids);
  print(`${count(moved)} moved back into the outbox; a relay delivers them.`);
  if (!all) failOnMissing(ids, moved);
}

async function discard(deadLetters: DeadLetters, args: Arguments, { print, ask }: CommandContext): Promise<void> {
  const { ids, all, yes, before } = args;
  if (before !== undefined) return print(`${count(await discardOlder(deadLetters, before))} discarded.`);
  if (all && !yes) {
    const question = `Delete all ${count(await deadLetters.count())} dead letters for good? (yes/no) `;
    if (ask === undefined)
      throw new UsageError('discard --all deletes every dead letter for good: confirm with --yes.');
    if ((await ask(question)).trim().toLowerCase() !== 'yes') return print('Nothing was discarded.');
  }
  const gone = all ? await takeAll(deadLetters, (page) => deadLetters.discard(page)) : await deadLetters.discard(ids);
  print(`${count(gone)} discarded.`);
  if (!all) failOnMissing(ids, gone);
}

/**
 * Takes as many dead letters as exist at the start, the oldest first, and resolves to how many were taken. Replayed ones may
 * fail again meanwhile and return to the end, so without this bound the loop might never end.
 */
export async function takeAll(
  deadLetters: DeadLetters,
  take: (distinctIds: readonly string[]) => Promise<number>,
): Promise<number> {
  let left = await deadLetters.count();
  let taken = 0;
  while (left > 0) {
    const page = await deadLetters.list({ limit: Math.min(left, PAGE) });
    if (page.length === 0) break;
    taken += await take(page.map(({ distinctId }) => distinctId));
    left -= page.length;
  }
  return taken;
}

async function discardOlder(deadLetters: DeadLetters, before: number): Promise<number> {
  let discarded = 0;
  for (;;) {
    // The oldest come first.
    const old = (await deadLetters.list({ limit: PAGE })).filter(({ at }) => at < before);
    if (old.length === 0) return discarded;
    discarded += await deadLetters.discard(old.map(({ distinctId }) => distinctId));
  }
}

function failOnMissing(ids: readonly string[], done: number): void {
  const missing = new Set(ids).size - done;
  if (missing > 0)
    throw new Error(`${count(missing)} of the ids ${missing === 1 ? 'is not a dead letter' : 'are not dead letters'}.`);
}
