import { once } from 'node:events';
import { type Collector, type CollectorOptions, createCollector } from '../collector/index.js';
import { isOursError } from '../core/errors.js';
import { isLoopback } from '../protocol/loopback.js';
import { PORTS, readArguments, wholeNumber } from './arguments.js';
import { type Command, printUsage, UsageError } from './command.js';
import { printSoon, printUnknown } from './dev/arrivals.js';
import { readConfig, readExperiment } from './dev/config.js';
import { readPassword } from './dev/password.js';
import { listenError } from './listen-error.js';

// O-U-R-S on a telephone's keys.
const DEFAULT_PORT = 6877;

const usage = `Usage: ours-ingest dev [options]

Runs a local collector and tells for every event why it counts or not.

  --port <n>           port to listen on, 0 for a free one (${DEFAULT_PORT})
  --host <name>        address to listen on (127.0.0.1); one that other machines reach needs tokens and a password
  --experiment <text>  an experiment that runs, as key:variant,variant:goal; may be given several times
  --token <token>      a token to accept, may be given several times (every token is accepted)
  --password <text>    what the pages ask for (nothing, as long as only this machine reaches them)
  --data <file>        SQLite file to keep events and experiments in (in memory)
  --config <file>      JSON with experiments, goal, allowedEvents, sources, apiKeys and bots

In place of the options, OURS_DEV_TOKENS (with commas between) and OURS_DEV_PASSWORD may be set: every user of this
machine can read the options of a process. On a terminal the password is asked for where it is needed.`;

/** `ours-ingest dev`: a collector to develop against. */
export const dev: Command = {
  summary: 'run a local collector and see what counts',
  async run(args, context) {
    const { print, stop } = context;
    if (args.includes('--help') || args.includes('-h')) return printUsage(usage, { print });
    const { port, host, tokens, config, experiments, ...given } = parse(args, context.env);
    const isLocal = isLoopback(host);
    if (!isLocal && tokens.length === 0) {
      throw new UsageError(
        `other machines can reach ${host}: list the tokens to accept in OURS_DEV_TOKENS, or --token.`,
      );
    }
    const password = await readPassword(given.password, isLocal, context);
    const configured = config === undefined ? {} : await readConfig(config);
    const report = printSoon(print);
    const tellUnknown = printUnknown(print);
    const collector = await start({
      ...configured,
      experiments: [...(configured.experiments ?? []), ...experiments],
      port,
      host,
      tokens: tokens.length > 0 ? tokens : undefined,
      password,
      data: given.data,
      observe: (arrival) => report(arrival, (limit) => collector.recent(limit)),
      onUnknownExperiment: tellUnknown,
    });
    for (const line of welcome(collector, tokens.length > 0)) print(line);
    if (!stop.aborted) await once(stop, 'abort');
    await collector.close();
  },
};

/** Where the pages are, and what an application needs, to be copied as it stands. */
function welcome({ url, baseUrl }: Collector, hasTokens: boolean): string[] {
  const tokens = hasTokens ? [] : ['OURS_TOKEN=test_dev', 'OURS_EXPERIMENT_TOKEN=exp_dev'];
  return [
    `See what counts: ${url}`,
    'Copy this into the environment of your application:',
    '',
    `OURS_BASE_URL=${baseUrl}`,
    ...tokens,
    '',
  ];
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
  const port = wholeNumber('--port', values.port, PORTS) ?? DEFAULT_PORT;
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
