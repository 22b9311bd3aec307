import type { z } from 'zod';
import { type ApiRequest, PlatformApiError } from './api-request.js';
import {
  type AllowedEvent,
  allowedEventSchema,
  type Experiment,
  experimentSchema,
  listPageSchema,
  type Source,
  type SourceTokens,
  sourceSchema,
  sourceTokensSchema,
} from './api-schemas.js';

// Far beyond any account: only a cursor that leads in circles has more.
const MAX_PAGES = 1_000;

/** What is asked of an account. Every method throws a {@link PlatformApiError} that says what to do. */
export interface PlatformApi {
  sources(): Promise<readonly Source[]>;
  source(id: string): Promise<Source>;
  /** `undefined` for a kind of source that has none. */
  sourceTokens(id: string): Promise<SourceTokens | undefined>;
  allowedEvents(): Promise<readonly AllowedEvent[]>;
  experiments(): Promise<readonly Experiment[]>;
}

export function createPlatformApi(request: ApiRequest): PlatformApi {
  const list = async <Item>(path: string, scope: string, schema: z.ZodType<Item>): Promise<Item[]> => {
    const items: Item[] = [];
    let cursor: string | undefined;
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const query = cursor === undefined ? '' : `?cursor=${encodeURIComponent(cursor)}`;
      const { entities, pagination } = read(listPageSchema, await request(path + query, scope), path);
      items.push(...entities.map((entity) => read(schema, entity, path)));
      if (!pagination?.hasMore) return items;
      // Half a list would look like an account that lacks the rest.
      if (!pagination.nextCursor || pagination.nextCursor === cursor) break;
      cursor = pagination.nextCursor;
    }
    throw new PlatformApiError(
      `the Platform API says that ${path} goes on and not where: try again, and check what stands in between.`,
    );
  };

  return {
    sources: () => list('/rest/v1/sources', 'source:list', sourceSchema),
    async source(id) {
      const path = `/rest/v1/sources/${encodeURIComponent(id)}`;
      return read(sourceSchema, await request(path, 'source:view'), path);
    },
    async sourceTokens(id) {
      const path = `/rest/v1/sources/${encodeURIComponent(id)}/tokens`;
      try {
        return read(sourceTokensSchema, await request(path, 'source:view'), path);
      } catch (error) {
        // [A] A source without tokens, such as a redirect, has no answer to this.
        if (error instanceof PlatformApiError && (error.status === 400 || error.status === 404)) return undefined;
        throw error;
      }
    },
    allowedEvents: () => list('/rest/v1/allowed-events', 'allowedEvent:list', allowedEventSchema),
    experiments: () => list('/rest/v1/experiments', 'experiment:list', experimentSchema),
  };
}

function read<Value>(schema: z.ZodType<Value>, body: unknown, path: string): Value {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const field = parsed.error.issues[0]?.path.map(String).join('.') || 'the whole';
  throw new PlatformApiError(
    `the answer to ${path} is not the Platform API's (${field}): check the address, and what stands in between.`,
  );
}
