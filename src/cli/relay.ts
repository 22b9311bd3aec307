import { once } from 'node:events';
import { type ClientOptions, DEFAULT_BASE_URL } from '../client/options.js';
import { count } from '../core/counts.js';
import { keepProcess } from '../core/timers.js';
import { withTimeout } from '../core/with-timeout.js';
import type { DurableOutbox } from '../outbox/outbox.js';
import { about } from './amounts.js';
import { openClient, resolveSending } from './client.js';
import { type Command, type CommandContext, integerOption, PORTS, printUsage, readArguments } from './command.js';
import type { OpenOutbox } from './open-outbox.js';
import { OUTBOX_USAGE, type OutboxValues, openOutbox, outboxOptions } from './outbox-option.js';
import { Tally } from './relay-metrics.js';
import { startRecording } from './relay-otel.js';
import { watchOperations, withoutClose } from './relay-outbox.js';
import { startRelayServer } from './relay-server.js';

const DEFAULT_GRACE_S = 10;
/** How long the outbox may take at the end to count what is left. */
const PATIENCE_MS = 1_000;

const usage = `Usage: ours-ingest relay <outbox> [options]

Delivers the events of an outbox until SIGTERM or SIGINT. Any number of relays may share one outbox.
The source token is read from OURS_TOKEN. The client's other OURS_* variables apply.

${OUTBOX_USAGE}

  --ensure-schema      create or update the Postgres table first
  --base-url <url>     the address to deliver to (OURS_BASE_URL, or ${DEFAULT_BASE_URL})
  --flush-at <n>       events per batch
  --concurrency <n>    concurrent batches
  --port <n>           serve /healthz and /metrics (Prometheus) on this port, 0 for a free one
  --host <name>        address to serve them on (127.0.0.1)
  --otel               record metrics and spans with the OpenTelemetry SDK that NODE_OPTIONS starts
  --grace <seconds>    how long requests in flight may take after a stop (${DEFAULT_GRACE_S})`;

/** `ours-ingest relay`: delivers from a durable outbox. */
export const relay: Command = {
  summary: 'deliver the events of an outbox',
  async run(args, context) {
    if (args.includes('--help') || args.includes('-h')) return printUsage(usage, context);
    const options = parse(args);
    const { baseUrl } = resolveSending(options.client, context.env);
    const { ensureSchema } = options;
    const opened = await openOutbox(options.outbox, context.env, { create: true, ensureSchema });
    try {
      await deliver({ ...options, ...opened, baseUrl }, context);
    } finally {
      await opened.close();
    }
  },
};

interface RelayArguments {
  readonly outbox: OutboxValues;
  readonly ensureSchema: boolean;
  readonly client: Pick<ClientOptions, 'baseUrl' | 'flushAt' | 'concurrency'>;
  readonly port: number | undefined;
  readonly host: string;
  readonly otel: boolean;
  readonly graceMs: number;
}

function parse(args: readonly string[]): RelayArguments {
  const { values } = readArguments({
    args: [...args],
    options: {
      ...outboxOptions,
      'ensure-schema': { type: 'boolean', default: false },
      'base-url': { type: 'string' },
      'flush-at': { type: 'string' },
      concurrency: { type: 'string' },
      port: { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      otel: { type: 'boolean', default: false },
      grace: { type: 'string' },
    },
  });
  const any = { min: 1, max: Number.MAX_SAFE_INTEGER };
  return {
    outbox: values,
    ensureSchema: values['ensure-schema'],
    client: {
      baseUrl: values['base-url'],
      // The client checks the maximum.
      flushAt: integerOption('--flush-at', values['flush-at'], any),
      concurrency: integerOption('--concurrency', values.concurrency, any),
    },
    port: integerOption('--port', values.port, PORTS),
    host: values.host,
    otel: values.otel,
    graceMs: (integerOption('--grace', values.grace, { min: 0, max: 3_600 }) ?? DEFAULT_GRACE_S) * 1_000,
  };
}

interface Delivery extends Omit<RelayArguments, 'outbox'>, OpenOutbox {
  readonly baseUrl: string;
}

async function deliver(delivery: Delivery, context: CommandContext): Promise<void> {
  const { print, stop } = context;
  const { outbox, describe, port, host, baseUrl, graceMs } = delivery;
  const tally = new Tally();
  const watched = watchOperations(withoutClose(outbox));
  const { failure } = watched;
  const server = port === undefined ? undefined : await startRelayServer({ port, host, outbox, failure, tally });
  // Before the client, which begins to deliver at once.
  const recording = delivery.otel ? await startRecording() : undefined;
  const client = openClient(
    { ...delivery.client, outbox: watched.outbox, onOutcome: (outcome) => tally.add(outcome) },
    context,
  );
  recording?.observe(client);
  print(`Delivering from ${describe} to ${baseUrl}.`);
  if (server !== undefined) print(`Health and metrics: ${server.url}/healthz and ${server.url}/metrics`);
  if (!stop.aborted) await once(stop, 'abort');
  print('Stopping: requests in flight may finish, the rest stays in the outbox.');
  await client.close({ timeoutMs: graceMs });
  recording?.disable();
  print(await summary(outbox, tally));
  await server?.close();
}

async function summary(outbox: DurableOutbox, tally: Tally): Promise<string> {
  const ended = (['delivered', 'rejected', 'dropped'] as const).map(
    (status) => `${count(tally.total(status))} ${status}`,
  );
  const left = await keepProcess(withTimeout(outbox.stats(), { timeoutMs: PATIENCE_MS })).then(
    (stats) => `${about(stats)}${count(stats.waiting + stats.claimed)} left in the outbox`,
    () => 'the outbox does not answer how many are left',
  );
  return `${ended.join(', ')}; ${left}.`;
}
