import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { isLoopback } from '../collector/http/access.js';
import {
  type Arrival,
  type CollectorOptions,
  createCollector,
  type EventLine,
  type ExperimentConfig,
} from '../collector/index.js';
import { isOursError } from '../errors.js';
import { PORTS, readArguments, wholeNumber } from './arguments.js';
import { arrivalLine } from './arrival-line.js';
import { type Command, UsageError } from './command.js';
import { listenError } from './listen-error.js';
import { messageOf } from './message-of.js';

// O-U-R-S on a telephone's keys.
const DEFAULT_PORT = 6877;

const usage = `Usage: ours-ingest dev [options]

Runs a local collector and tells for every event why it counts or not.

  --port <n>       port to listen on, 0 for a free one (${DEFAULT_PORT})
  --host <name>    address to listen on (127.0.0.1); others than this machine's own need --token
  --token <token>  a known token, may be given several times (every token is known);
                   with --host each is also a password of the page: name one that no web page carries
  --data <file>    SQLite file to keep events and experiments in (in memory)
  --config <file>  JSON with experiments, goal, allowedEvents, sources, apiKeys and bots`;

/** `ours-ingest dev`: a collector to develop against. */
export const dev: Command = {
  summary: 'run a local collector and see what counts',
  async run(args, { print, stop }) {
    if (args.includes('--help') || args.includes('-h')) return print(usage);
    const { port, host, token, data, config } = parse(args);
    if (!isLoopback(host) && token.length === 0) {
      throw new UsageError(`${host} can be reached from other machines: name the tokens to accept with --token.`);
    }
    const report = printSoon(print);
    const collector = await start({
      ...(config === undefined ? {} : await readConfig(config)),
      port,
      host,
      tokens: token.length > 0 ? token : undefined,
      data,
      observe: (arrival) => report(arrival, (limit) => collector.recent(limit)),
    });
    print(`See what counts: ${collector.url}`);
    print(`Point the client here: OURS_BASE_URL=${collector.baseUrl}`);
    if (!stop.aborted) await once(stop, 'abort');
    await collector.close();
  },
};

interface DevArguments {
  readonly port: number;
  readonly host: string;
  readonly token: readonly string[];
  readonly data: string | undefined;
  readonly config: string | undefined;
}

function parse(args: readonly string[]): DevArguments {
  const { values } = readArguments({
    args: [...args],
    options: {
      port: { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      token: { type: 'string', multiple: true, default: [] },
      data: { type: 'string' },
      config: { type: 'string' },
    },
  });
  const { host, token, data, config } = values;
  const port = wholeNumber('--port', values.port, PORTS) ?? DEFAULT_PORT;
  return { port, host, token, data, config };
}

const configSchema = z.strictObject({
  // The collector checks the experiments themselves.
  experiments: z.array(z.custom<ExperimentConfig>()).optional(),
  goal: z.string().optional(),
  allowedEvents: z
    .array(z.union([z.string(), z.strictObject({ name: z.string(), destinationIds: z.array(z.string()).optional() })]))
    .optional(),
  sources: z
    .array(
      z.strictObject({
        token: z.string(),
        id: z.string().optional(),
        name: z.string().optional(),
        type: z.string().optional(),
        status: z.enum(['Enabled', 'Disabled']).optional(),
        isPublished: z.boolean().optional(),
      }),
    )
    .optional(),
  apiKeys: z.array(z.strictObject({ key: z.string(), scopes: z.array(z.string()).optional() })).optional(),
  bots: z.enum(['allow', 'block']).optional(),
});

async function readConfig(file: string): Promise<CollectorOptions> {
  try {
    return configSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw new UsageError(`--config ${file}: ${why}`);
  }
}

async function start(
  options: CollectorOptions & { readonly host: string; readonly port: number },
): ReturnType<typeof createCollector> {
  try {
    return await createCollector(options);
  } catch (error) {
    throw isOursError(error) ? new UsageError(error.message) : listenError(error, options.host, options.port);
  }
}

/** Collects the rows of one batch before printing: all of them are judged at once. */
function printSoon(
  print: (line: string) => void,
): (arrival: Arrival, recent: (limit: number) => readonly EventLine[]) => void {
  let waiting: Arrival[] = [];
  return (arrival, recent) => {
    if (waiting.push(arrival) > 1) return;
    setImmediate(() => {
      const lines = new Map(recent(waiting.length).map((line) => [line.number, line]));
      for (const one of waiting)
        print(arrivalLine(one, one.kind === 'refused' ? undefined : lines.get(one.number ?? 0)));
      waiting = [];
    });
  };
}
