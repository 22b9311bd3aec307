import { expect, it } from 'vitest';
import { bindToScope, currentScope, currentVisitor, runInScope } from '../../src/adapters/request-scope.js';

const scopeOf = (userId: string) => ({ visitor: { userId }, waitUntil: undefined });

it('runs work in the scope, across awaits, and restores the outer one', async () => {
  const seen = await runInScope(scopeOf('outer'), async () => {
    await undefined;
    const inner = runInScope(scopeOf('inner'), () => currentVisitor()?.userId);
    return [inner, currentVisitor()?.userId];
  });
  expect(seen).toEqual(['inner', 'outer']);
  expect(currentScope()).toBeUndefined();
});

it('runs a bound call in its own scope, wherever it is called', () => {
  const bound = bindToScope(scopeOf('own'), (suffix: string) => `${currentVisitor()?.userId}${suffix}`);
  expect(bound('!')).toBe('own!');
  expect(runInScope(scopeOf('other'), () => bound('!'))).toBe('own!');
});
