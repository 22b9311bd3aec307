import { buildClient } from '../../client/client.js';
import type { Outcome } from '../../core/outcome.js';
import { sleep } from '../../core/timers.js';
import { nodePlatform } from '../../runtime/platform-node.js';
import type { CommandContext } from '../command.js';
import type { Check } from '../doctor/check.js';
import type { Source } from './api-schemas.js';
import type { PlatformApi } from './platform-api.js';

const POLL_MS = 1_000;

const check = 'test event';

export interface ArrivalOptions {
  readonly source: Source;
  readonly event: string;
  readonly baseUrl: string | undefined;
  /** How long to wait for the source to show the event, in milliseconds. */
  readonly waitMs: number;
}

/** Sends one event in test mode, which is not forwarded, and checks that the source shows it. */
export async function checkArrival(
  api: PlatformApi,
  { source, event, baseUrl, waitMs }: ArrivalOptions,
  { env, stop }: Pick<CommandContext, 'env' | 'stop'>,
): Promise<Check> {
  const tokens = await api.sourceTokens(source.id);
  if (tokens === undefined)
    return { check, level: 'warning', message: 'was not sent, because the source has no token.' };
  const before = (await api.source(source.id)).lastTriggeredAt ?? undefined;
  const failure = await send(tokens.testToken, event, baseUrl, env);
  if (failure !== undefined) return { check, level: 'error', message: `${event} was not delivered: ${failure}` };
  for (let waited = 0; ; waited += POLL_MS) {
    const { lastTriggeredAt } = await api.source(source.id);
    if (lastTriggeredAt && lastTriggeredAt !== before) {
      return { check, level: 'ok', message: `${event} arrived: the source was triggered at ${lastTriggeredAt}.` };
    }
    if (waited >= waitMs || stop.aborted) break;
    await sleep(POLL_MS, stop);
  }
  const message = `${event} was accepted, but the source does not show it after ${waitMs / 1000} s: check that the event is allowed, and that OURS_BASE_URL belongs to the account.`;
  return { check, level: 'error', message };
}

/** Returns why it was not delivered, `undefined` if it was. */
async function send(
  token: string,
  event: string,
  baseUrl: string | undefined,
  env: CommandContext['env'],
): Promise<string | undefined> {
  const client = buildClient({ token, baseUrl, logger: { warn() {} } }, { ...nodePlatform, env });
  try {
    const receipt = client.track({ event, userId: 'ours-ingest-check', eventProperties: {} });
    return outcomeMessage(await receipt.settled({ timeoutMs: 10_000 }));
  } catch (error) {
    return error instanceof Error && error.name === 'TimeoutError' ? 'the answer timed out.' : String(error);
  } finally {
    await client.close({ timeoutMs: 0 });
  }
}

function outcomeMessage(outcome: Outcome): string | undefined {
  if (outcome.status === 'delivered') return undefined;
  if (outcome.status === 'rejected') return outcome.message;
  return outcome.message ?? `it was ${outcome.status} (${outcome.reason}).`;
}
