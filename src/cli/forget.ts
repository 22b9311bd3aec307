import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { forgetInFile } from '../collector/forget-in-file.js';
import { isOursError } from '../core/errors.js';
import type { Forgotten } from '../outbox/outbox.js';
import type { Identity } from '../protocol/identity.js';
import { count } from './amounts.js';
import { readArguments } from './arguments.js';
import { type Command, type CommandContext, printUsage, UsageError } from './command.js';
import { namesOutbox, OUTBOX_USAGE, openOutbox, outboxOptions } from './outbox-option.js';

const usage = `Usage: ours-ingest forget <person> <outbox> | --data <file> [options]

Removes what an outbox, or a collector's file, holds of one person: events that wait and dead letters. Says how much that is and
asks before anything is removed. What the service has already is not touched.

  --user-id <id>       the person: everything stored under any one of the given names
  --external-id <id>
  --email <address>
  --data <file>        the file of ours-ingest dev; may be given together with an outbox
  --dry-run            only count
  --yes                do not ask

${OUTBOX_USAGE}`;

/** A place where a person may be found. */
interface Holder {
  readonly describe: string;
  /** Removes the person unless it is a dry run, and says in words what that is. */
  forget(dryRun: boolean): Promise<Found>;
}

interface Found {
  readonly total: number;
  readonly inWords: string;
  /** What might still be there. */
  readonly caveat: string | undefined;
}

/** `ours-ingest forget`: erases one person. */
export const forget: Command = {
  summary: 'remove what is stored of one person',
  async run(args, context) {
    if (args.includes('--help') || args.includes('-h')) return printUsage(usage, context);
    const { values } = readArguments({
      args: [...args],
      options: {
        ...outboxOptions,
        'user-id': { type: 'string' },
        'external-id': { type: 'string' },
        email: { type: 'string' },
        data: { type: 'string' },
        'dry-run': { type: 'boolean', default: false },
        yes: { type: 'boolean', default: false },
      },
    });
    const person = { userId: values['user-id'], externalId: values['external-id'], email: values.email };
    const names = Object.values(person).filter((name) => name !== undefined);
    if (names.length === 0 || names.includes('')) {
      throw new UsageError('say whom to forget: --user-id, --external-id or --email, or several of them.');
    }
    const holders: Holder[] = [];
    if (values.data !== undefined) holders.push(await dataFile(values.data, person));
    const opened =
      values.data === undefined || namesOutbox(values, {}) ? await openOutbox(values, context.env) : undefined;
    if (opened !== undefined) {
      const { outbox, describe } = opened;
      holders.push({ describe, forget: async (dryRun) => inOutbox(await outbox.forget(person, { dryRun })) });
    }
    try {
      await forgetIn(holders, { dryRun: values['dry-run'], yes: values.yes }, context);
    } finally {
      await opened?.close();
    }
  },
};

async function forgetIn(
  holders: readonly Holder[],
  { dryRun, yes }: { readonly dryRun: boolean; readonly yes: boolean },
  { print, warn, ask }: CommandContext,
): Promise<void> {
  const before = await Promise.all(holders.map((holder) => holder.forget(true)));
  for (const [at, { describe }] of holders.entries()) print(`${describe}: ${before[at]!.inWords}.`);
  const caveats = new Set(before.flatMap(({ caveat }) => caveat ?? []));
  for (const caveat of caveats) warn(caveat);
  const total = before.reduce((sum, found) => sum + found.total, 0);
  if (!dryRun && total > 0) {
    if (!yes) {
      if (ask === undefined) throw new UsageError('forget removes this for good: add --yes if it is meant.');
      const answer = await ask(`Remove ${count(total)} for good? (yes/no) `);
      if (answer.trim().toLowerCase() !== 'yes') return print('Nothing was removed.');
    }
    for (const holder of holders) print(`Removed from ${holder.describe}: ${(await holder.forget(false)).inWords}.`);
  }
  if (caveats.size > 0) throw new Error('Not everything could be looked at, so something of the person may be left.');
}

function inOutbox({ entries, claimed, deadLetters, unreadable }: Forgotten): Found {
  const underWay = claimed === 0 ? '' : ` (${count(claimed)} under way, and may arrive)`;
  return {
    total: entries + deadLetters,
    inWords: `${count(entries)} waiting${underWay}, ${count(deadLetters)} dead letters`,
    caveat:
      unreadable === 0
        ? undefined
        : `${count(unreadable)} events or dead letters cannot be read, so it is not known whose they are: set OURS_SEALING_KEYS to all keys that sealed them. Damaged ones are listed by dead-letters list as unreadable; discard them.`,
  };
}

async function dataFile(file: string, person: Identity): Promise<Holder> {
  const path = resolve(file);
  await access(path).catch((cause: unknown) => {
    throw new Error(`${path} is not there.`, { cause });
  });
  return {
    describe: `the collector's file ${path}`,
    async forget(dryRun) {
      try {
        const { events, assignments } = forgetInFile(path, person, dryRun);
        const inWords = `${count(events)} events, ${count(assignments)} assignments`;
        return { total: events + assignments, inWords, caveat: undefined };
      } catch (error) {
        throw isOursError(error) ? new UsageError(error.message) : error;
      }
    },
  };
}
