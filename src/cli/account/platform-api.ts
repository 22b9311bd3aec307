import type { z } from 'zod';
import { sleep } from '../../core/timers.js';
import { type CommandContext, UsageError } from '../command.js';
import { type ApiRequest, createApiRequest, PlatformApiError } from './api-request.js';
import {
  type AllowedEvents,
  allowedEventSchema,
  type Experiment,
  experimentSchema,
  type ListPage,
  listPageSchema,
  type Source,
  type SourceTokens,
  sourceSchema,
  sourceTokensSchema,
} from './api-schemas.js';

// Far beyond any account: only a cursor that loops has more.
const MAX_PAGES = 1_000;

/** The parts of the Platform API that the commands read. Every method throws a {@link PlatformApiError} with advice. */
export interface PlatformApi {
  sources(): Promise<readonly Source[]>;
  source(id: string): Promise<Source>;
  /** `undefined` for kinds of sources without tokens. */
  sourceTokens(id: string): Promise<SourceTokens | undefined>;
  allowedEvents(): Promise<AllowedEvents>;
  experiments(): Promise<readonly Experiment[]>;
}

export function createPlatformApi(request: ApiRequest): PlatformApi {
  const list = async <Item>(
    path: string,
    scope: string,
    schema: z.ZodType<Item>,
    onPage: (page: ListPage) => void = () => undefined,
  ): Promise<Item[]> => {
    const items: Item[] = [];
    let cursor: string | undefined;
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const query = cursor === undefined ? '' : `?cursor=${encodeURIComponent(cursor)}`;
      const page = readAnswer(listPageSchema, await request(path + query, scope), path);
      onPage(page);
      const { entities, pagination } = page;
      items.push(...entities.map((entity) => readAnswer(schema, entity, path)));
      if (!pagination?.hasMore) return items;
      // An incomplete list would look like an account that lacks the rest.
      if (!pagination.nextCursor || pagination.nextCursor === cursor) break;
      cursor = pagination.nextCursor;
    }
    throw new PlatformApiError(
      `the Platform API announces more of ${path} without a cursor: try again, and check for a proxy on the way.`,
    );
  };

  return {
    sources: () => list('/rest/v1/sources', 'source:list', sourceSchema),
    async source(id) {
      const path = `/rest/v1/sources/${encodeURIComponent(id)}`;
      return readAnswer(sourceSchema, await request(path, 'source:view'), path);
    },
    async sourceTokens(id) {
      const path = `/rest/v1/sources/${encodeURIComponent(id)}/tokens`;
      try {
        return readAnswer(sourceTokensSchema, await request(path, 'source:view'), path);
      } catch (error) {
        // [A] The service refuses this for a source without tokens, such as a redirect.
        if (error instanceof PlatformApiError && (error.status === 400 || error.status === 404)) return undefined;
        throw error;
      }
    },
    async allowedEvents() {
      let allowsEveryName = false;
      const listed = await list('/rest/v1/allowed-events', 'allowedEvent:list', allowedEventSchema, (page) => {
        allowsEveryName = page.allowsEveryName ?? false;
      });
      return { listed, allowsEveryName };
    },
    experiments: () => list('/rest/v1/experiments', 'experiment:list', experimentSchema),
  };
}

/** Reads an answer. @throws PlatformApiError if it is not the API's */
export function readAnswer<Value>(schema: z.ZodType<Value>, body: unknown, path: string): Value {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const field = parsed.error.issues[0]?.path.map(String).join('.') || 'the whole answer';
  throw new PlatformApiError(
    `the answer to ${path} is not from the Platform API (${field}): check the address, and for a proxy on the way.`,
  );
}

const DEFAULT_ORIGIN = 'https://app.oursprivacy.com';

export const API_USAGE: string = `The API key is read from OURS_PRIVACY_API_KEY.

  --api-url <url>      origin of the Platform API, as OURS_API_URL (${DEFAULT_ORIGIN})`;

/**
 * Calls `work` with the Platform API of the account whose key is in the environment.
 * @throws UsageError for an invalid key or address, without the key
 */
export async function withApi<Result>(
  givenUrl: string | undefined,
  context: Pick<CommandContext, 'env' | 'stop'>,
  work: (api: PlatformApi) => Promise<Result>,
): Promise<Result> {
  return withApiRequest(givenUrl, context, (request) => work(createPlatformApi(request)));
}

/** Calls `work` with a function that requests any path of the account's Platform API. @throws as {@link withApi} */
export async function withApiRequest<Result>(
  givenUrl: string | undefined,
  { env, stop }: Pick<CommandContext, 'env' | 'stop'>,
  work: (request: ApiRequest, origin: string) => Promise<Result>,
): Promise<Result> {
  const apiKey = env.OURS_PRIVACY_API_KEY?.trim() ?? '';
  if (apiKey === '') {
    throw new UsageError('OURS_PRIVACY_API_KEY is not set: create an API key in the dashboard, and set it.');
  }
  // fetch would quote an invalid header in its error.
  if (!/^[\x21-\x7e]+$/.test(apiKey)) {
    throw new UsageError('OURS_PRIVACY_API_KEY has invalid characters: copy it again from the dashboard.');
  }
  const origin = toOrigin(givenUrl ?? (env.OURS_API_URL || DEFAULT_ORIGIN));
  const dispatcher = await proxyDispatcher(env);
  try {
    const request = createApiRequest({ origin, apiKey, sleep: (ms) => sleep(ms, stop), stop, dispatcher });
    return await work(request, origin);
  } finally {
    await dispatcher?.close();
  }
}

/**
 * Accepts an origin without a path. Plain http, which would expose the key, is accepted for this machine only.
 * @throws UsageError naming the option
 */
export function toOrigin(text: string, option = '--api-url'): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`) {
    throw new UsageError(`${option} must be an origin such as ${DEFAULT_ORIGIN}, without a path.`);
  }
  const isLocal = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol === 'http:' && !isLocal) {
    throw new UsageError(`${option} must begin with https: the API key would be sent in clear text.`);
  }
  return url.origin;
}

async function proxyDispatcher(env: CommandContext['env']) {
  const [httpProxy, httpsProxy] = ['http_proxy', 'https_proxy'].map((name) => env[name] || env[name.toUpperCase()]);
  if (!httpProxy && !httpsProxy) return undefined;
  const { EnvHttpProxyAgent } = (await import('undici')).default;
  const noProxy = env.no_proxy ?? env.NO_PROXY;
  return new EnvHttpProxyAgent({
    ...(httpProxy ? { httpProxy } : {}),
    ...(httpsProxy ? { httpsProxy } : {}),
    ...(noProxy ? { noProxy } : {}),
  });
}
