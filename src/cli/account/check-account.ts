import type { CommandContext } from '../command.js';
import type { Check } from '../doctor/check.js';
import { PlatformApiError } from './api-request.js';
import { checkArrival } from './check-arrival.js';
import { checkEvents } from './check-events.js';
import { checkExperiments } from './check-experiments.js';
import { checkSource, failedCheck, type SourceChoice } from './check-source.js';
import type { PlatformApi } from './platform-api.js';
import type { Program } from './program.js';

export interface AccountQuestion extends SourceChoice {
  readonly program: Program;
  readonly baseUrl: string | undefined;
  /** Sends an event in test mode and waits so long for it to show, in milliseconds. @default none is sent */
  readonly testEvent?: { readonly event: string; readonly waitMs: number } | undefined;
}

/** Holds the account against what a program sends and asks for. A part that may not be asked for is a failed check. */
export async function checkAccount(
  api: PlatformApi,
  { program, baseUrl, testEvent, ...choice }: AccountQuestion,
  context: Pick<CommandContext, 'env' | 'stop'>,
): Promise<Check[]> {
  const checks: Check[] = [];
  const ask = async <Answer>(name: string, question: () => Promise<Answer>): Promise<Answer | undefined> => {
    try {
      return await question();
    } catch (error) {
      checks.push(failedCheck(name, error));
      // Everything else would be refused as well.
      if (error instanceof PlatformApiError && error.status === 401) throw error;
      return undefined;
    }
  };
  try {
    const found = await ask('source', () => checkSource(api, choice));
    checks.push(...(found?.checks ?? []));
    const allowed = await ask('events', () => api.allowedEvents());
    if (allowed !== undefined) checks.push(...checkEvents(program.events, allowed));
    if (program.experiments.size > 0) {
      const experiments = await ask('experiments', () => api.experiments());
      if (experiments !== undefined) checks.push(...checkExperiments(program, experiments));
    }
    const source = found?.checks.some(({ level }) => level === 'error') ? undefined : found?.source;
    if (testEvent !== undefined && source !== undefined) {
      const arrived = await ask('test event', () => checkArrival(api, { ...testEvent, source, baseUrl }, context));
      if (arrived !== undefined) checks.push(arrived);
    }
  } catch (error) {
    if (!(error instanceof PlatformApiError)) throw error;
  }
  return checks;
}
