import { describe, expect, it } from 'vitest';
import { pageOf } from '../../../src/collector/platform/page.js';

interface Page {
  readonly entities: readonly { readonly id: string }[];
  readonly pagination: { readonly nextCursor: string | null; readonly hasMore: boolean };
}

const items = Array.from({ length: 120 }, (_, i) => ({ id: `id-${i}` }));
const page = (query: string, of = items) => pageOf(of, new URLSearchParams(query));

describe('a page of a list', () => {
  it('has 50 entities by default, and a cursor to the next page', () => {
    const first = page('').body as Page;
    expect(first.entities).toEqual(items.slice(0, 50));
    expect(first.pagination.hasMore).toBe(true);
    const last = page(`limit=100&cursor=${first.pagination.nextCursor}`).body as Page;
    expect(last.entities).toEqual(items.slice(50));
    expect(last.pagination).toEqual({ nextCursor: null, hasMore: false });
  });

  it('does not shift when entities are added before it', () => {
    const { pagination } = page('limit=10').body as Page;
    const next = page(`limit=1&cursor=${pagination.nextCursor}`, [{ id: 'new' }, ...items]).body as Page;
    expect(next.entities).toEqual([{ id: 'id-10' }]);
  });

  it.each(['limit=0', 'limit=101', 'limit=ten', 'limit=1.5', 'cursor=unknown'])('refuses %s', (query) => {
    expect(page(query).status).toBe(400);
  });
});
