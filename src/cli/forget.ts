import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { hashVisitor } from '../assignment/exposure-key.js';
import { fileKind } from '../collector/store/file-kind.js';
import { forgetInFile } from '../collector/store/forget-visitor.js';
import { count, counted } from '../core/counts.js';
import { isOursError } from '../core/errors.js';
import type { Forgotten } from '../outbox/outbox.js';
import type { Identity } from '../protocol/identity.js';
import { loadSqlite } from '../sqlite/load-sqlite.js';
import { type Command, type CommandContext, printUsage, readArguments, UsageError } from './command.js';
import { openExposures } from './open-exposures.js';
import { namesOutbox, OUTBOX_USAGE, openOutbox, outboxOptions } from './outbox-option.js';
import { readLocalFile } from './read-local-file.js';

const usage = `Usage: ours-ingest forget <person> <outbox> | --data <file> | --exposures <store> [options]

Deletes the waiting events and dead letters of one person from an outbox, the person's events from a collector's file, and
what a store of exposures knows of the visitor. Shows what would be deleted and asks first. Data that the service already
received is not deleted, nor what running processes remember.

  --user-id <id>       the person: everything stored under any of the given names
  --external-id <id>
  --email <address>
  --data <file>        the data file of ours-ingest dev; may be combined with an outbox
  --exposures <store>  a store of exposures: a SQLite file, redis://… or postgres://…; may be combined with both.
                       Needs --user-id, and OURS_EXPERIMENT_TOKEN as the client has it
  --exposures-name <n> its Redis name or Postgres table
  --dry-run            count, and delete nothing
  --yes                do not ask

${OUTBOX_USAGE}`;

/** A store that may hold data of the person. */
interface Holder {
  readonly describe: string;
  /** Deletes the person's data unless it is a dry run, and describes it. */
  forget(dryRun: boolean): Promise<Found>;
  close?(): Promise<void>;
}

interface Found {
  readonly total: number;
  readonly description: string;
  /** What might remain. */
  readonly caveat: string | undefined;
}

/** `ours-ingest forget`: deletes the data of one person. */
export const forget: Command = {
  summary: 'delete the stored data of one person',
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
        exposures: { type: 'string' },
        'exposures-name': { type: 'string' },
        'dry-run': { type: 'boolean', default: false },
        yes: { type: 'boolean', default: false },
      },
    });
    const person = { userId: values['user-id'], externalId: values['external-id'], email: values.email };
    const names = Object.values(person).filter((name) => name !== undefined);
    if (names.length === 0 || names.includes('')) {
      throw new UsageError('name the person: --user-id, --external-id or --email, or several of them.');
    }
    const holders: Holder[] = [];
    try {
      if (values.data !== undefined) holders.push(await dataFile(values.data, person));
      if (values.exposures !== undefined) {
        const token = context.env.OURS_EXPERIMENT_TOKEN;
        holders.push(await exposureStore(values.exposures, values['exposures-name'], person.userId, token));
      }
      if (holders.length === 0 || namesOutbox(values, {})) {
        const { outbox, describe, close } = await openOutbox(values, context.env);
        holders.push({ describe, close, forget: async (dryRun) => inOutbox(await outbox.forget(person, { dryRun })) });
      }
      await forgetIn(holders, { dryRun: values['dry-run'], yes: values.yes }, context);
    } finally {
      await Promise.all(holders.map((holder) => holder.close?.()));
    }
  },
};

async function forgetIn(
  holders: readonly Holder[],
  { dryRun, yes }: { readonly dryRun: boolean; readonly yes: boolean },
  { print, warn, ask }: CommandContext,
): Promise<void> {
  const before = await Promise.all(holders.map((holder) => holder.forget(true)));
  for (const [at, { describe }] of holders.entries()) print(`${describe}: ${before[at]!.description}.`);
  const caveats = new Set(before.flatMap(({ caveat }) => caveat ?? []));
  for (const caveat of caveats) warn(caveat);
  const total = before.reduce((sum, found) => sum + found.total, 0);
  if (!dryRun && total > 0) {
    if (!yes) {
      if (ask === undefined) throw new UsageError('forget deletes this for good: confirm with --yes.');
      const answer = await ask(`Delete ${count(total)} for good? (yes/no) `);
      if (answer.trim().toLowerCase() !== 'yes') return print('Nothing was deleted.');
    }
    for (const holder of holders)
      print(`Deleted from ${holder.describe}: ${(await holder.forget(false)).description}.`);
  }
  if (caveats.size > 0) throw new Error('Some data could not be read, so data of the person may remain.');
}

function inOutbox({ entries, claimed, deadLetters, unreadable }: Forgotten): Found {
  const inFlight = claimed === 0 ? '' : ` (${count(claimed)} in flight, and may still arrive)`;
  return {
    total: entries + deadLetters,
    description: `${count(entries)} waiting${inFlight}, ${counted(deadLetters, 'dead letter')}`,
    caveat:
      unreadable === 0
        ? undefined
        : `${count(unreadable)} events or dead letters cannot be read, so their person is unknown: set OURS_SEALING_KEYS to all keys that sealed them. dead-letters list shows damaged ones as unreadable; discard them.`,
  };
}

/** @throws UsageError without what the keys of the store are made of */
async function exposureStore(
  target: string,
  name: string | undefined,
  userId: string | undefined,
  token: string | undefined,
): Promise<Holder> {
  if (userId === undefined) throw new UsageError('--exposures needs --user-id: its keys are made of visitor ids.');
  if (!token) throw new UsageError('--exposures needs OURS_EXPERIMENT_TOKEN: its keys are made of it.');
  const visitor = await hashVisitor(token, userId);
  const { exposures, describe, close } = await openExposures(target, name);
  return {
    describe,
    close,
    async forget(dryRun) {
      const total = await exposures.forget(visitor, dryRun);
      return { total, description: counted(total, 'key'), caveat: undefined };
    },
  };
}

async function dataFile(file: string, person: Identity): Promise<Holder> {
  const path = resolve(file);
  await access(path).catch((cause: unknown) => {
    throw new Error(`${path} does not exist.`, { cause });
  });
  const kind = readLocalFile(path, () => fileKind(loadSqlite(), path));
  if (kind !== 'collector') throw new Error(`${path} is not a collector's file. It is unchanged.`);
  return {
    describe: `the collector's file ${path}`,
    async forget(dryRun) {
      try {
        const { events, assignments } = forgetInFile(path, person, dryRun);
        const description = `${counted(events, 'event')}, ${counted(assignments, 'assignment')}`;
        return { total: events + assignments, description, caveat: undefined };
      } catch (error) {
        throw isOursError(error) ? new UsageError(error.message) : error;
      }
    },
  };
}
