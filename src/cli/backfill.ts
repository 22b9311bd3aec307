import type { ClientOptions, ResolvedOptions } from '../client/options.js';
import { count } from './amounts.js';
import { readArguments, wholeNumber } from './arguments.js';
import { checkRows } from './backfill/check-rows.js';
import type { Checkpoint } from './backfill/checkpoint.js';
import { deliver } from './backfill/deliver.js';
import { createExamine } from './backfill/examine.js';
import { measureFile } from './backfill/input-file.js';
import { Journal } from './backfill/journal.js';
import { openSource } from './backfill/open-source.js';
import { startProgress } from './backfill/progress.js';
import { resume } from './backfill/resume.js';
import { settledRows, summary, undeliveredRows } from './backfill/summary.js';
import { openClient, resolveSending } from './client.js';
import { type Command, type CommandContext, printUsage, UsageError } from './command.js';
import { probe } from './probe.js';

/** What is under way is bounded here, and never dropped. */
const UNBOUNDED = { maxQueueSize: 100_000_000, maxQueueBytes: Number.MAX_SAFE_INTEGER };

const usage = `Usage: ours-ingest backfill <file.ndjson|file.csv> [options]

Sends the events of a file, and says before which of them cannot be sent. The token is read from OURS_TOKEN.

  --dry-run            only say what can be sent and what cannot
  --restart            begin anew, whatever was sent before
  --rate <n>           at most so many events a second (as many as the service takes)
  --base-url <url>     where to, as OURS_BASE_URL
  --flush-at <n>       events in a batch
  --concurrency <n>    batches under way at once

A line of NDJSON has the fields of track(): event, userId, externalId, email, sessionId, time, distinctId, eventProperties,
userProperties, defaultProperties, identityContext; with the event $identify those of identify(). The columns of a CSV have
the same names, and eventProperties.<name>, userProperties.<name>, userProperties.custom_properties.<name>,
defaultProperties.<name>; empty cells are left out. A time is ISO 8601 with its zone, or milliseconds since the epoch.

Stopped with Ctrl-C or killed, the same command goes on where it was; how far it is stands in <file>.progress.json. Rows that
were not delivered are listed in <file>.errors.ndjson by their number: the line of an NDJSON, a spreadsheet's row of a CSV.
A row without a distinctId gets one that is made of its number and content: sent again it counts once, unless a row before it
was added or removed.`;

/** `ours-ingest backfill`: the events of a file. */
export const backfill: Command = {
  summary: 'send the events of an NDJSON or CSV file',
  async run(args, context) {
    if (args.includes('--help') || args.includes('-h')) return printUsage(usage, context);
    const options = parse(args);
    if (options.dryRun) await checkOnly(options.path, context);
    else await sendFile(options, context);
  },
};

interface BackfillArguments {
  readonly path: string;
  readonly dryRun: boolean;
  readonly restart: boolean;
  readonly rate: number | undefined;
  readonly client: Pick<ClientOptions, 'baseUrl' | 'flushAt' | 'concurrency'>;
}

function parse(args: readonly string[]): BackfillArguments {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      'dry-run': { type: 'boolean', default: false },
      restart: { type: 'boolean', default: false },
      rate: { type: 'string' },
      'base-url': { type: 'string' },
      'flush-at': { type: 'string' },
      concurrency: { type: 'string' },
    },
  });
  const [path, ...others] = positionals;
  if (path === undefined || others.length > 0) throw new UsageError(`name one file; got ${positionals.length}.`);
  const any = { min: 1, max: Number.MAX_SAFE_INTEGER };
  return {
    path,
    dryRun: values['dry-run'],
    restart: values.restart,
    rate: wholeNumber('--rate', values.rate, any),
    client: {
      baseUrl: values['base-url'],
      // The client knows how many are too many.
      flushAt: wholeNumber('--flush-at', values['flush-at'], any),
      concurrency: wholeNumber('--concurrency', values.concurrency, any),
    },
  };
}

async function checkOnly(path: string, context: CommandContext): Promise<void> {
  const { size } = await measureFile(path);
  const source = await openSource(path, size);
  const report = await checkRows({ source, from: source.start, size, examine: createExamine() }, context);
  if (report.unsendable > 0) throw new Error(`${count(report.unsendable)} rows cannot be sent.`);
}

async function sendFile({ path, restart, rate, client }: BackfillArguments, context: CommandContext): Promise<void> {
  const { print, env, stop } = context;
  const sending = resolveSending(client, env);
  const input = await measureFile(path);
  const source = await openSource(path, input.size);
  const [checkpointFile, errorsFile] = [`${path}.progress.json`, `${path}.errors.ndjson`];
  const checkpoint = await resume({ path, input, start: source.start, checkpointFile, restart, ...sending });
  if (checkpoint.isDone) {
    print(`${path} has been sent before; --restart sends it again.`);
    return conclude(checkpoint, errorsFile, context);
  }
  if (checkpoint.bytes > source.start.bytes) print(`Going on behind row ${count(checkpoint.row)}.`);
  const examine = createExamine(sending.maxBatchBytes);
  const { rows } = await checkRows({ source, from: checkpoint, size: input.size, examine }, context);
  await checkToken(sending, env);

  const journal = await Journal.open(checkpointFile, errorsFile, checkpoint);
  const settledBefore = settledRows(checkpoint);
  const progress = await startProgress(
    { doing: 'sending', unit: 'rows', total: rows, done: () => settledRows(journal.checkpoint) - settledBefore },
    context,
  );
  const speaking = { ...context, warn: (line: string) => progress.say(line) };
  try {
    await deliver({
      source,
      examine,
      journal,
      // A batch for each sender, and its next one.
      maxUnderWay: 2 * sending.flushAt * sending.concurrency,
      rate,
      stop,
      openClient: (onOutcome) => openClient({ ...client, ...UNBOUNDED, onOutcome }, speaking),
    });
  } finally {
    progress.stop();
  }
  conclude(journal.checkpoint, errorsFile, context);
}

/** A refused token would let everything wait for a better one, which this process will not see. */
async function checkToken({ baseUrl, token }: ResolvedOptions, env: CommandContext['env']): Promise<void> {
  const { result } = await probe({ baseUrl, token, env });
  if (result.kind !== 'unauthorized') return;
  throw new Error(`${baseUrl} refused the token (HTTP 401), so nothing was sent: check OURS_TOKEN.`);
}

function conclude(checkpoint: Checkpoint, errorsFile: string, { print }: CommandContext): void {
  print(summary(checkpoint));
  if (!checkpoint.isDone)
    throw new Error(`Stopped behind row ${count(checkpoint.row)}: the same command goes on there.`);
  const undelivered = undeliveredRows(checkpoint);
  if (undelivered > 0) throw new Error(`${count(undelivered)} rows were not delivered: ${errorsFile} says why.`);
}
