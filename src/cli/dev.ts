import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { type Collector, type CollectorOptions, createCollector } from '../collector/index.js';
import { isOursError } from '../core/errors.js';
import { isLoopback } from '../protocol/loopback.js';
import {
  type Command,
  type CommandContext,
  integerOption,
  listenError,
  PORTS,
  printUsage,
  readArguments,
  UsageError,
} from './command.js';
import { createArrivalPrinter, createUnknownKeyPrinter } from './dev/arrivals.js';
import { readConfig, readExperiment } from './dev/config.js';
import { isWildcard, withOwnAddress } from './dev/own-address.js';

// O-U-R-S on a phone keypad.
const DEFAULT_PORT = 6877;

const usage = `Usage: ours-ingest dev [options]

Runs a local collector and shows why every event counts or not.

  --port <n>           port to listen on, 0 for a free one (${DEFAULT_PORT})
  --host <name>        address to listen on (127.0.0.1); if other machines can reach it, tokens and a password are required
  --experiment <text>  a running experiment, as key:variant,variant:goal; may be given several times
  --token <token>      an accepted token, may be given several times (every token)
  --password <text>    password of the pages (none if only this machine can reach them)
  --data <file>        SQLite file for events and experiments (in memory)
  --config <file>      JSON with experiments, goal, allowedEvents, sources, apiKeys and bots

Every user of this machine can read the options of a process. Set OURS_DEV_TOKENS (separated by commas) and
OURS_DEV_PASSWORD instead. On a terminal, a required password is asked for.`;

/** `ours-ingest dev`: a collector for development. */
export const dev: Command = {
  summary: 'run a local collector and see what counts',
  async run(args, context) {
    const { print, stop } = context;
    if (args.includes('--help') || args.includes('-h')) return printUsage(usage, { print });
    const { port, host, tokens, config, experiments, ...given } = parse(args, context.env);
    const isLocal = isLoopback(host);
    if (!isLocal && tokens.length === 0) {
      throw new UsageError(
        `other machines can reach ${host}: list the accepted tokens in OURS_DEV_TOKENS, or --token.`,
      );
    }
    const password = await readPassword(given.password, isLocal, context);
    const configured = config === undefined ? {} : await readConfig(config);
    const printArrival = createArrivalPrinter(print);
    const printUnknownKey = createUnknownKeyPrinter(print);

    const collector = await start({
      ...configured,
      experiments: [...(configured.experiments ?? []), ...experiments],
      port,
      host,
      tokens: tokens.length > 0 ? tokens : undefined,
      password,
      data: given.data,
      observe: (arrival) => printArrival(arrival, (limit) => collector.recent(limit)),
      onUnknownExperiment: (key, formUrl) => printUnknownKey(key, reachable(formUrl)),
    });
    for (const line of welcome(collector, tokens.length > 0)) print(line);
    if (!stop.aborted) await once(stop, 'abort');
    await collector.close();
  },
};

/** The address of the pages, and the environment of an application, ready to copy. */
function welcome({ url, baseUrl }: Collector, hasTokens: boolean): string[] {
  const tokens = hasTokens ? [] : ['OURS_TOKEN=test_dev', 'OURS_EXPERIMENT_TOKEN=exp_dev'];
  return [
    `See what counts: ${reachable(url)}`,
    ...(isWildcard(url) ? ['It listens on every address of this machine; this is one of them.'] : []),
    'Set these in the environment of your application:',
    '',
    `OURS_BASE_URL=${reachable(baseUrl)}`,
    ...tokens,
    '',
  ];
}

function reachable(url: string): string {
  return withOwnAddress(url, networkInterfaces());
}

/**
 * The password of the pages: the option, the environment variable, or the user's answer.
 *
 * @param isLocal whether only this machine can reach the collector, which then needs no password
 * @throws UsageError when a password is required and missing
 */
async function readPassword(
  given: string | undefined,
  isLocal: boolean,
  { env, askSecret }: CommandContext,
): Promise<string | undefined> {
  const password = given ?? (env.OURS_DEV_PASSWORD || undefined);
  if (password !== undefined || isLocal) return password;
  const typed = await askSecret?.('Password for the pages: ');
  if (typed) return typed;
  throw new UsageError(
    'other machines can reach the pages, which show personal data: set OURS_DEV_PASSWORD, or pass --password.',
  );
}

function parse(args: readonly string[], env: Readonly<Record<string, string | undefined>>) {
  const { values } = readArguments({
    args: [...args],
    options: {
      port: { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      experiment: { type: 'string', multiple: true, default: [] },
      token: { type: 'string', multiple: true, default: [] },
      password: { type: 'string' },
      data: { type: 'string' },
      config: { type: 'string' },
    },
  });
  const { host, token, password, data, config } = values;
  const port = integerOption('--port', values.port, PORTS) ?? DEFAULT_PORT;
  const tokens = token.length > 0 ? token : listed(env.OURS_DEV_TOKENS);
  return { port, host, tokens, password, data, config, experiments: values.experiment.map(readExperiment) };
}

function listed(text = ''): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

async function start(options: CollectorOptions & { readonly host: string; readonly port: number }): Promise<Collector> {
  try {
    return await createCollector(options);
  } catch (error) {
    throw isOursError(error) ? new UsageError(error.message) : listenError(error, options.host, options.port);
  }
}
