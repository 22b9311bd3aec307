import type { ClientOptions, ResolvedOptions } from '../client/options.js';
import { count } from '../core/counts.js';
import { checkRows, createExamine } from './backfill/check-rows.js';
import { type Checkpoint, resume, settledRows, summary, undeliveredRows } from './backfill/checkpoint.js';
import { deliver } from './backfill/deliver.js';
import { Journal } from './backfill/journal.js';
import { measureFile, openSource } from './backfill/open-source.js';
import { startProgress } from './backfill/progress.js';
import { openClient, resolveSending } from './client.js';
import { type Command, type CommandContext, integerOption, printUsage, readArguments, UsageError } from './command.js';
import { probe } from './probe.js';

/** The backfill limits the events in flight itself, so the client must never drop one. */
const UNBOUNDED = { maxQueueSize: 100_000_000, maxQueueBytes: Number.MAX_SAFE_INTEGER };

const usage = `Usage: ours-ingest backfill <file.ndjson|file.csv> [options]

Checks the events of a file, and sends those that are valid. The token is read from OURS_TOKEN.

  --dry-run            check the file, and send nothing
  --restart            start over, and ignore the progress of an earlier run
  --rate <n>           events per second (no limit)
  --base-url <url>     the address to send to, as OURS_BASE_URL
  --flush-at <n>       events per batch
  --concurrency <n>    concurrent batches

A line of NDJSON has the fields of track(): event, userId, externalId, email, sessionId, time, distinctId, eventProperties,
userProperties, defaultProperties, identityContext; or with the event $identify the fields of identify(). The columns of a CSV
have the same names, and eventProperties.<name>, userProperties.<name>, userProperties.custom_properties.<name>,
defaultProperties.<name>; empty cells are ignored. A time is ISO 8601 with its zone, or milliseconds since the epoch.

After Ctrl-C or a crash, the same command continues where it stopped; <file>.progress.json holds the progress. Undelivered
rows are listed in <file>.errors.ndjson by number: the line of an NDJSON, the spreadsheet row of a CSV.
A row without a distinctId gets one derived from its number and content, so it counts once if it is sent again, unless a row
before it was added or removed.`;

/** `ours-ingest backfill`: sends the events of a file. */
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
  if (path === undefined || others.length > 0)
    throw new UsageError(`backfill takes one file; got ${positionals.length}.`);
  const any = { min: 1, max: Number.MAX_SAFE_INTEGER };
  return {
    path,
    dryRun: values['dry-run'],
    restart: values.restart,
    rate: integerOption('--rate', values.rate, any),
    client: {
      baseUrl: values['base-url'],
      // The client checks the maximum.
      flushAt: integerOption('--flush-at', values['flush-at'], any),
      concurrency: integerOption('--concurrency', values.concurrency, any),
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
    print(`${path} was already sent; --restart sends it again.`);
    return conclude(checkpoint, errorsFile, context);
  }
  if (checkpoint.bytes > source.start.bytes) print(`Continuing after row ${count(checkpoint.row)}.`);
  const examine = createExamine(sending.maxBatchBytes);
  const { rows } = await checkRows({ source, from: checkpoint, size: input.size, examine }, context);
  await checkToken(sending, env);

  const journal = await Journal.open(checkpointFile, errorsFile, checkpoint);
  const settledBefore = settledRows(checkpoint);
  const progress = await startProgress(
    { doing: 'sending', unit: 'rows', total: rows, done: () => settledRows(journal.checkpoint) - settledBefore },
    context,
  );
  const sendContext = { ...context, warn: (line: string) => progress.say(line) };
  try {
    await deliver({
      source,
      examine,
      journal,
      // For each sender a batch and the next one.
      maxInFlight: 2 * sending.flushAt * sending.concurrency,
      rate,
      stop,
      openClient: (onOutcome) => openClient({ ...client, ...UNBOUNDED, onOutcome }, sendContext),
    });
  } finally {
    progress.stop();
  }
  conclude(journal.checkpoint, errorsFile, context);
}

/** Checked first, because the client would wait indefinitely for a valid token. */
async function checkToken({ baseUrl, token }: ResolvedOptions, env: CommandContext['env']): Promise<void> {
  const { result } = await probe({ baseUrl, token, env });
  if (result.kind !== 'unauthorized') return;
  throw new Error(`${baseUrl} refused the token (HTTP 401), so nothing was sent: check OURS_TOKEN.`);
}

function conclude(checkpoint: Checkpoint, errorsFile: string, { print }: CommandContext): void {
  print(summary(checkpoint));
  if (!checkpoint.isDone)
    throw new Error(`Stopped after row ${count(checkpoint.row)}: the same command continues there.`);
  const undelivered = undeliveredRows(checkpoint);
  if (undelivered > 0) throw new Error(`${count(undelivered)} rows were not delivered: ${errorsFile} says why.`);
}
