import { type Answer, refuse } from '../http/answer.js';

// [A] The service's own limits are unpublished.
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 100;

/** Answers one page of a list: `limit` entities, starting at `cursor`. */
export function pageOf<Item extends { readonly id: string }>(items: readonly Item[], query: URLSearchParams): Answer {
  const limit = readLimit(query.get('limit'));
  if (limit === undefined) return refuse(400, `limit: expected an integer from 1 to ${MAX_LIMIT}`);
  const start = readCursor(query.get('cursor'), items);
  if (start === undefined) return refuse(400, 'cursor: expected the nextCursor of an earlier answer');
  const next = items[start + limit];
  return {
    status: 200,
    body: {
      entities: items.slice(start, start + limit),
      pagination: { nextCursor: next === undefined ? null : toCursor(next.id), hasMore: next !== undefined },
    },
  };
}

function readLimit(text: string | null): number | undefined {
  if (text === null || text === '') return DEFAULT_LIMIT;
  const limit = /^\d+$/.test(text) ? Number(text) : 0;
  return limit >= 1 && limit <= MAX_LIMIT ? limit : undefined;
}

/** A cursor names the first entity of its page, so that additions and changes in between do not shift the page. */
function toCursor(id: string): string {
  return Buffer.from(id).toString('base64url');
}

function readCursor(cursor: string | null, items: readonly { readonly id: string }[]): number | undefined {
  if (!cursor) return 0;
  const start = items.findIndex(({ id }) => toCursor(id) === cursor);
  return start === -1 ? undefined : start;
}
