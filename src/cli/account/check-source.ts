import type { Check } from '../doctor/check.js';
import { PlatformApiError } from './api-request.js';
import type { Source } from './api-schemas.js';
import type { PlatformApi } from './platform-api.js';

/** How the source is named that events are sent to. */
export interface SourceChoice {
  /** The token that the program sends with, for tests or not. */
  readonly token: string | undefined;
  /** Its id, which makes looking for the token needless. */
  readonly sourceId: string | undefined;
}

export interface CheckedSource {
  readonly checks: readonly Check[];
  /** `undefined` when it is not known which one it is. */
  readonly source: Source | undefined;
}

const check = 'source';

/** Whether the source that events are sent to accepts them. */
export async function checkSource(api: PlatformApi, { token, sourceId }: SourceChoice): Promise<CheckedSource> {
  if (sourceId === undefined && token === undefined) {
    const message = 'neither OURS_TOKEN is set nor --source given: which source events are sent to is not known.';
    return { checks: [{ check, level: 'warning', message }], source: undefined };
  }
  const sources = await api.sources();
  const source =
    sourceId === undefined ? await findByToken(api, sources, token ?? '') : sources.find(({ id }) => id === sourceId);
  if (source === undefined) return { checks: [notFound(sourceId, sources.length)], source };
  return { checks: [judge(source)], source };
}

async function findByToken(api: PlatformApi, sources: readonly Source[], token: string): Promise<Source | undefined> {
  for (const source of sources) {
    const tokens = await api.sourceTokens(source.id);
    if (tokens?.token === token || tokens?.testToken === token) return source;
  }
  return undefined;
}

function notFound(sourceId: string | undefined, count: number): Check {
  const what = sourceId === undefined ? 'OURS_TOKEN is the token of none' : `--source ${sourceId} is the id of none`;
  const message = `${what} of the account's ${count} sources: is the API key another account's?`;
  return { check, level: 'error', message };
}

function judge(source: Source): Check {
  const name = `${source.name ?? source.id} (${source.type})`;
  if (source.status !== 'Enabled') {
    return {
      check,
      level: 'error',
      message: `${name} is ${source.status.toLowerCase()}, and accepts nothing: enable it.`,
    };
  }
  if (source.isPublished === false) {
    return { check, level: 'error', message: `${name} is not published, and accepts nothing: publish it.` };
  }
  return { check, level: 'ok', message: `${name} is enabled and published.` };
}

/** What a refused or unanswered question means for a check. */
export function failedCheck(name: string, error: unknown): Check {
  if (error instanceof PlatformApiError) return { check: name, level: 'error', message: error.message };
  throw error;
}
