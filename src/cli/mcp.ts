import { once } from 'node:events';
import { sleep } from '../core/timers.js';
import { createApiRequest } from './account/api-request.js';
import { createExperimentsApi } from './account/experiments-api.js';
import { API_USAGE, createPlatformApi, toOrigin, withApiRequest } from './account/platform-api.js';
import {
  type Command,
  type CommandContext,
  messageOf,
  printUsage,
  readArguments,
  UsageError,
  VERSION,
} from './command.js';
import { accountEventTools, collectorEventTools } from './mcp/event-tools.js';
import { experimentTools } from './mcp/experiment-tools.js';
import { createSession } from './mcp/session.js';
import type { Tool } from './mcp/tool.js';

const DEFAULT_COLLECTOR = 'http://127.0.0.1:6877';

const usage = `Usage: ours-ingest mcp [options]

Runs a server of the Model Context Protocol on stdin and stdout, for AI agents: why an event did not count, recent
events, experiments and their results. Personal values are hidden. It changes nothing unless --write is given.

  --collector <url>    the collector of ours-ingest dev to ask (${DEFAULT_COLLECTOR})
  --account            ask your account instead
  --write              also offer to create, start and stop experiments

The collector's password, if it has one, is read from OURS_DEV_PASSWORD. With --account:

${API_USAGE}`;

/** `ours-ingest mcp`: answers an AI agent's questions about events and experiments. */
export const mcp: Command = {
  summary: 'answer an AI agent’s questions about events and experiments (MCP)',
  async run(args, context) {
    if (args.includes('--help') || args.includes('-h')) return printUsage(usage, context);
    const { values } = readArguments({
      args: [...args],
      options: {
        collector: { type: 'string' },
        account: { type: 'boolean', default: false },
        'api-url': { type: 'string' },
        write: { type: 'boolean', default: false },
      },
    });
    const { collector, account, write } = values;
    if (account && collector !== undefined) throw new UsageError('pass either --collector or --account.');
    if (!account && values['api-url'] !== undefined) throw new UsageError('--api-url needs --account.');
    const serve = (tools: readonly Tool[], source: string): Promise<void> =>
      runServer(
        tools.filter(({ isWriting }) => write || !isWriting),
        `${source}, ${write ? 'with changes' : 'read-only'}`,
        context,
      );
    if (!account) return serve(...collectorTools(collector ?? DEFAULT_COLLECTOR, context));
    await withApiRequest(values['api-url'], context, (request, origin) =>
      serve(
        [...accountEventTools(createPlatformApi(request)), ...experimentTools(createExperimentsApi(request))],
        origin,
      ),
    );
  },
};

function collectorTools(url: string, { env, stop }: CommandContext): [tools: Tool[], source: string] {
  const origin = toOrigin(url.replace(/\/+$/, ''), '--collector');
  const request = createApiRequest({
    origin,
    // A collector without a password ignores it.
    apiKey: env.OURS_DEV_PASSWORD || 'none',
    sleep: (ms) => sleep(ms, stop),
    stop,
    attempts: 1,
    refused: 'the collector has a password: set OURS_DEV_PASSWORD to it.',
    unreachable: 'Start it with npx ours-ingest dev, or pass its address as --collector.',
  });
  return [[...collectorEventTools(request), ...experimentTools(createExperimentsApi(request))], origin];
}

/** Serves until the client closes stdin or stdout, or the command must stop. */
async function runServer(tools: readonly Tool[], about: string, { warn, stop }: CommandContext): Promise<void> {
  const session = await createSession(tools, { version: VERSION, messageOf });
  // stdout belongs to the protocol.
  warn(`ours-ingest mcp: ${about}`);
  const ended = once(process.stdin, 'close');
  process.stdin.once('end', () => process.stdin.destroy());
  const stopped = stop.aborted ? Promise.resolve() : once(stop, 'abort');
  // It rejects if the client is gone.
  const unread = once(process.stdout, 'close').catch(() => undefined);
  await Promise.race([ended, unread, stopped]);
  await session.close();
  process.stdin.destroy();
}
