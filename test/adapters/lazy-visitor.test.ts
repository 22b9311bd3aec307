import { expect, it } from 'vitest';
import { LazyScope, type VisitorReader } from '../../src/adapters/lazy-visitor.js';
import { knownVisitor } from '../../src/adapters/read-visitor.js';
import { currentVisitor, runInScope } from '../../src/adapters/request-scope.js';
import type { EventCatalog, Visitor } from '../../src/index.js';

/** Counts what is read and opened; its visitor’s methods report the current visitor. */
function counting() {
  const counts = { read: 0, opened: 0 };
  const opened = {
    externalId: 'c1',
    track: () => currentVisitor()?.userId,
    identify: () => currentVisitor()?.userId,
    assign: async () => 'assigned',
    personalization: async () => [],
  } as unknown as Visitor;
  const reader: VisitorReader<EventCatalog, string> = {
    read: (userId) => {
      counts.read += 1;
      return knownVisitor({ userId, sessionId: '17' });
    },
    open: () => {
      counts.opened += 1;
      return opened;
    },
    waitUntilOf: (_, rest) => rest[0] as never,
  };
  return { counts, reader, opened };
}

it('reads nothing until the visitor is used, then once, and opens it only for what the request does not have', () => {
  const { counts, reader } = counting();
  const { visitor } = new LazyScope(reader, 'v', []);
  expect(counts).toEqual({ read: 0, opened: 0 });
  expect([visitor.userId, visitor.session, visitor.sessionId]).toEqual(['v', 'active', '17']);
  expect(counts).toEqual({ read: 1, opened: 0 });
  expect([visitor.externalId, visitor.externalId]).toEqual(['c1', 'c1']);
  expect(counts).toEqual({ read: 1, opened: 1 });
});

it('tracks and identifies in its own scope; asking needs none', async () => {
  const { reader, opened } = counting();
  const { visitor } = new LazyScope(reader, 'v', []);
  expect([visitor.track('viewed'), visitor.identify({})]).toEqual(['v', 'v']);
  expect([visitor.assign, visitor.personalization]).toEqual([opened.assign, opened.personalization]);
});

it('uses the request’s own waitUntil, else that of the scope around it', () => {
  const { reader } = counting();
  const own = () => undefined;
  const outer = () => undefined;
  runInScope({ visitor: undefined, waitUntil: outer }, () => {
    expect(new LazyScope(reader, 'v', [own]).waitUntil).toBe(own);
    expect(new LazyScope(reader, 'v', []).waitUntil).toBe(outer);
  });
  expect(new LazyScope(reader, 'v', []).waitUntil).toBeUndefined();
});
