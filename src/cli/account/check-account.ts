import type { CommandContext } from '../command.js';
import type { Check } from '../doctor/check.js';
import { PlatformApiError } from './api-request.js';
import type { Source } from './api-schemas.js';
import { checkArrival } from './check-arrival.js';
import { checkEvents, checkExperiments } from './check-program.js';
import type { PlatformApi } from './platform-api.js';
import type { Program } from './program.js';

export interface AccountOptions {
  readonly program: Program;
  /** The token that the program sends with, live or test mode. */
  readonly token: string | undefined;
  /** The id of the source; without it the source is found by its token. */
  readonly sourceId: string | undefined;
  readonly baseUrl: string | undefined;
  /** Sends an event in test mode and waits this long for it to appear, in milliseconds. @default none is sent */
  readonly testEvent?: { readonly event: string; readonly waitMs: number } | undefined;
}

/** Compares the account with what a program sends and asks for. A refused or unanswered request is a failed check. */
export async function checkAccount(
  api: PlatformApi,
  { program, token, sourceId, baseUrl, testEvent }: AccountOptions,
  context: Pick<CommandContext, 'env' | 'stop'>,
): Promise<Check[]> {
  const checks: Check[] = [];
  const attempt = async <Answer>(check: string, request: () => Promise<Answer>): Promise<Answer | undefined> => {
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof PlatformApiError)) throw error;
      checks.push({ check, level: 'error', message: error.message });
      // All other requests would be refused as well.
      if (error.status === 401) throw error;
      return undefined;
    }
  };
  try {
    const found = await attempt('source', () => checkSource(api, token, sourceId));
    if (found !== undefined) checks.push(found.check);
    const allowed = await attempt('events', () => api.allowedEvents());
    if (allowed !== undefined) checks.push(...checkEvents(program.events, allowed));
    if (program.experiments.size > 0) {
      const experiments = await attempt('experiments', () => api.experiments());
      if (experiments !== undefined) checks.push(...checkExperiments(program, experiments));
    }
    const source = found?.check.level === 'error' ? undefined : found?.source;
    if (testEvent !== undefined && source !== undefined) {
      const arrived = await attempt('test event', () => checkArrival(api, { ...testEvent, source, baseUrl }, context));
      if (arrived !== undefined) checks.push(arrived);
    }
  } catch (error) {
    if (!(error instanceof PlatformApiError)) throw error;
  }
  return checks;
}

interface CheckedSource {
  readonly check: Check;
  /** `undefined` if it could not be found. */
  readonly source: Source | undefined;
}

/** Checks that the source accepts events. */
async function checkSource(
  api: PlatformApi,
  token: string | undefined,
  sourceId: string | undefined,
): Promise<CheckedSource> {
  const check = 'source';
  if (sourceId === undefined && token === undefined) {
    const message = 'the source is unknown: set OURS_TOKEN, or pass --source.';
    return { check: { check, level: 'warning', message }, source: undefined };
  }
  const sources = await api.sources();
  const source =
    sourceId === undefined ? await findByToken(api, sources, token ?? '') : sources.find(({ id }) => id === sourceId);
  if (source === undefined) {
    const given = sourceId === undefined ? 'OURS_TOKEN' : `--source ${sourceId}`;
    const message = `${given} matches none of the account's ${sources.length} sources: check that the API key is for this account.`;
    return { check: { check, level: 'error', message }, source };
  }
  const name = `${source.name ?? source.id} (${source.type})`;
  if (source.status !== 'Enabled') {
    const message = `${name} is ${source.status.toLowerCase()} and accepts no events: enable it.`;
    return { check: { check, level: 'error', message }, source };
  }
  if (source.isPublished === false) {
    const message = `${name} is not published and accepts no events: publish it.`;
    return { check: { check, level: 'error', message }, source };
  }
  return { check: { check, level: 'ok', message: `${name} is enabled and published.` }, source };
}

async function findByToken(api: PlatformApi, sources: readonly Source[], token: string): Promise<Source | undefined> {
  for (const source of sources) {
    const tokens = await api.sourceTokens(source.id);
    if (tokens?.token === token || tokens?.testToken === token) return source;
  }
  return undefined;
}
