import { DEFAULT_BASE_URL } from '../client/options.js';
import { plainHttpWarning } from '../client/plain-http.js';
import { checkAccount } from './account/check-account.js';
import { loadProgram, NO_PROGRAM } from './account/program.js';
import { API_USAGE, withApi } from './account/with-api.js';
import { readArguments } from './arguments.js';
import { type Command, type CommandContext, printUsage, UsageError } from './command.js';
import { type Check, checkLine, failOnErrors } from './doctor/check.js';
import { checkClock } from './doctor/clock.js';
import { checkConfiguration } from './doctor/configuration.js';
import { checkNode } from './doctor/node-version.js';
import { checkProxy } from './doctor/proxy.js';
import { checkQueue } from './doctor/queue.js';
import { checkRedis } from './doctor/redis.js';
import { checkService } from './doctor/service.js';
import { messageOf } from './message-of.js';
import { namesOutbox, OUTBOX_USAGE, type OutboxValues, openOutbox, outboxOptions } from './outbox-option.js';
import { probe } from './probe.js';

const usage = `Usage: ours-ingest doctor [<outbox>] [options]

Looks for what keeps events from being delivered, and says what to do. Sends no event.

  --base-url <url>     the service's address, as OURS_BASE_URL
  --account            look into your account as well, as ours-ingest check does
  --config <file>      what your code sends, for --account
  --json               as one line of JSON

${API_USAGE}

With an outbox it looks into that as well:

${OUTBOX_USAGE}`;

/** `ours-ingest doctor`: what keeps events from being delivered. */
export const doctor: Command = {
  summary: 'look for what keeps events from being delivered',
  loadsModule: true,
  async run(args, context) {
    if (args.includes('--help') || args.includes('-h')) return printUsage(usage, context);
    const { values } = readArguments({
      args: [...args],
      options: {
        ...outboxOptions,
        'base-url': { type: 'string' },
        account: { type: 'boolean', default: false },
        config: { type: 'string' },
        'api-url': { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    if (values.config !== undefined && !values.account) throw new UsageError('--config is for --account: give both.');
    const checks = [
      checkNode(process.versions.node),
      ...(await checkDelivery(values['base-url'], context)),
      ...(values.account ? await checkAccountOf(values, context) : []),
      ...(namesOutbox(values, context.env) ? await checkOutbox(values, context) : []),
    ];
    if (values.json) context.print(JSON.stringify({ checks }));
    else for (const check of checks) context.print(checkLine(check));
    failOnErrors(checks);
  },
};

async function checkDelivery(givenUrl: string | undefined, { env }: CommandContext): Promise<Check[]> {
  const { checks, token, baseUrl } = checkConfiguration(givenUrl, env);
  // Where the address is wrong, the one that most clients have tells of the proxy.
  const proxy = checkProxy(baseUrl ?? DEFAULT_BASE_URL, env);
  if (baseUrl === undefined || proxy.level === 'error') return [...checks, proxy];
  const answer = await probe({ baseUrl, token: token ?? '', env });
  return [
    ...checks,
    ...checkEncryption(baseUrl),
    proxy,
    ...checkService(answer, baseUrl, token !== undefined),
    ...checkClock(answer),
  ];
}

function checkEncryption(baseUrl: string): Check[] {
  const message = plainHttpWarning(baseUrl);
  return message === undefined ? [] : [{ check: 'encryption', level: 'warning', message }];
}

async function checkAccountOf(
  values: { readonly config?: string | undefined; readonly 'api-url'?: string | undefined },
  context: CommandContext,
): Promise<Check[]> {
  const program = values.config === undefined ? NO_PROGRAM : await loadProgram(values.config);
  const token = context.env.OURS_TOKEN || undefined;
  return withApi(values['api-url'], context, (api) =>
    checkAccount(api, { program, token, sourceId: undefined, baseUrl: undefined }, context),
  );
}

async function checkOutbox(values: OutboxValues, { env }: CommandContext): Promise<Check[]> {
  try {
    const { outbox, describe, redis, close } = await openOutbox(values, env);
    try {
      return [...(await checkQueue(outbox, describe)), ...(redis === undefined ? [] : await checkRedis(redis))];
    } finally {
      await close();
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return [{ check: 'outbox', level: 'error', message: messageOf(error) }];
  }
}
