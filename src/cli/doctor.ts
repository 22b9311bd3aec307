import { DEFAULT_BASE_URL } from '../client/options.js';
import { plainHttpWarning } from '../client/plain-http.js';
import { checkAccount } from './account/check-account.js';
import { API_USAGE, withApi } from './account/platform-api.js';
import { loadProgram, NO_PROGRAM } from './account/program.js';
import { type Command, type CommandContext, messageOf, printUsage, readArguments, UsageError } from './command.js';
import { type Check, checkLine, failOnErrors } from './doctor/check.js';
import { checkConfiguration } from './doctor/configuration.js';
import { checkClock, checkNode, checkProxy } from './doctor/machine.js';
import { checkQueue, checkRedis } from './doctor/outbox.js';
import { checkService } from './doctor/service.js';
import { namesOutbox, OUTBOX_USAGE, type OutboxValues, openOutbox, outboxOptions } from './outbox-option.js';
import { probe } from './probe.js';

const usage = `Usage: ours-ingest doctor [<outbox>] [options]

Finds out why events are not delivered, and says what to do. Sends no event.

  --base-url <url>     the service's address, as OURS_BASE_URL
  --account            check your account as well, like ours-ingest check
  --config <file>      a module with your code's events and experiments, for --account
  --json               print one line of JSON

${API_USAGE}

With an outbox, it checks the outbox as well:

${OUTBOX_USAGE}`;

/** `ours-ingest doctor`: finds out why events are not delivered. */
export const doctor: Command = {
  summary: 'find out why events are not delivered',
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
    if (values.config !== undefined && !values.account) throw new UsageError('--config requires --account.');
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
  // If the address is invalid, check the proxy with the default one.
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
