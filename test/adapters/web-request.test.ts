import { expect, it } from 'vitest';
import { currentVisitor } from '../../src/adapters/request-scope.js';
import { attachVisitor, handleInScope } from '../../src/adapters/web-request.js';
import type { Visitor } from '../../src/index.js';

const visitor = { userId: 'v' } as Visitor;

it('calls the handler in the scope, with the visitor and all arguments', () => {
  const opened: unknown[] = [];
  const handler = handleInScope(
    (...given: unknown[]) => {
      opened.push(given);
      return { visitor, waitUntil: undefined };
    },
    (request: { path: string; visitor: Visitor }, env: string) => [
      request.path,
      request.visitor,
      env,
      currentVisitor(),
    ],
  );
  const request = { path: '/' };
  expect(handler(request as never, 'env')).toEqual(['/', visitor, 'env', visitor]);
  expect(opened).toEqual([[request, 'env']]);
});

it('leaves alone what cannot be extended', () => {
  const frozen = Object.freeze({});
  expect(attachVisitor(frozen, { visitor })).toBe(frozen);
  expect(attachVisitor('warm-up', { visitor })).toBe('warm-up');
  expect(attachVisitor({}, { visitor })).toEqual({ visitor });
});
