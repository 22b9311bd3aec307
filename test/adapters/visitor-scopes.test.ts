import { expect, it } from 'vitest';
import { knownVisitor } from '../../src/adapters/read-visitor.js';
import { createRequestScopes, createScopes } from '../../src/adapters/visitor-scopes.js';
import type { VisitorInput } from '../../src/client/visitor.js';

function world() {
  const inputs: VisitorInput[] = [];
  const warnings: string[] = [];
  const ours = {
    flush: async () => ({}),
    visitor: (input: VisitorInput) => {
      inputs.push(input);
      return { externalId: input.externalId };
    },
  };
  return { ours: ours as never, inputs, warnings, logger: { warn: (message: string) => void warnings.push(message) } };
}
const fail = (): never => {
  throw new Error('ada@example.org');
};

it('keeps the identity if the rest of the request cannot be read, and warns without the error', () => {
  const { ours, inputs, warnings, logger } = world();
  const openScope = createScopes(
    ours,
    { logger },
    { read: () => ({ ...knownVisitor({ userId: 'v' }), toInput: fail }) },
  );
  void openScope({}).visitor.externalId;
  expect(inputs).toMatchObject([{ userId: 'v', session: 'unknown' }]);
  expect(warnings).toEqual([expect.stringContaining('reading the visitor of a request threw')]);
  expect(warnings.join()).not.toContain('ada');
});

it('has an unknown visitor if the request cannot be read at all', () => {
  const { ours, logger } = world();
  const { visitor } = createScopes(ours, { logger }, { read: fail })({});
  expect([visitor.userId, visitor.session]).toEqual([undefined, 'unknown']);
});

it.each<[string, () => unknown]>([
  ['nothing', () => undefined],
  ['a truthy value', () => 'yes'],
  ['a promise', () => Promise.reject(new Error('no'))],
])('takes %s as no consent, and warns', (_, consent) => {
  const { ours, warnings, logger } = world();
  const options = { logger, consent: consent as () => boolean };
  const { visitor } = createScopes(ours, options, { read: () => knownVisitor({ userId: 'v' }) })({});
  expect(visitor.userId).toBeUndefined();
  expect(warnings).toEqual([expect.stringContaining('consent must return true or false')]);
});

it.each<[string, object, object | undefined]>([
  [
    'sends purposes with the visitor’s events',
    { analytics: true, marketing: false },
    { analytics: true, marketing: false },
  ],
  ['takes refusals alone as no consent', { analytics: false, marketing: false }, undefined],
  ['takes no purposes as no consent', {}, undefined],
  [
    'takes the refusals of Google’s consent mode as such',
    { ad_storage: 'denied', analytics_storage: 'denied' },
    undefined,
  ],
  [
    'takes words of cookies and of the stored consent as refusals',
    { a: 'false', b: ' No', c: '0', d: 'opt-out', e: '' },
    undefined,
  ],
  [
    'takes what nobody is asked about as no consent',
    { necessary: true, statistics: false, marketing: false },
    undefined,
  ],
  [
    'takes what nobody is asked about as no consent, in any words',
    { 'Strictly necessary': 'yes', security_storage: 'granted' },
    undefined,
  ],
  [
    'sends what nobody is asked about along with a purpose that was granted',
    { necessary: true, statistics: true },
    { necessary: true, statistics: true },
  ],
  [
    'takes any other word as consent',
    { ad_storage: 'denied', analytics_storage: 'granted' },
    { ad_storage: 'denied', analytics_storage: 'granted' },
  ],
])('%s', (_, consent, expected) => {
  const { ours, inputs, warnings, logger } = world();
  const options = { logger, consent: () => consent as Record<string, boolean> };
  const { visitor } = createScopes(ours, options, { read: () => knownVisitor({ userId: 'v' }) })({});
  expect(visitor.userId).toBe(expected && 'v');
  expect(visitor.externalId).toBeUndefined();
  expect(inputs).toEqual([expected === undefined ? {} : expect.objectContaining({ userId: 'v', consent: expected })]);
  expect(warnings).toEqual([]);
});

it('rejects a list of proxies if the connection’s address is not known', () => {
  const framework = { read: () => ({ header: () => undefined }), knowsPeer: false };
  expect(() => createRequestScopes(world().ours, { trustProxy: ['10.0.0.0/8'] }, framework)).toThrow(
    /number of proxies/,
  );
  expect(() => createRequestScopes(world().ours, { trustProxy: 1 }, framework)).not.toThrow();
});
