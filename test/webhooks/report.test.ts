import { expect, it } from 'vitest';
import { OursError } from '../../src/core/errors.js';
import type { Outcome } from '../../src/core/outcome.js';
import { report } from '../../src/webhooks/report.js';
import type { OpenedVisitor } from '../../src/webhooks/token/open-visitor.js';

const { signal } = new AbortController();
const CONVERSION = { event: 'lead', distinctId: 'lead:1', visitorToken: 'token' } as never;
const VISITOR: OpenedVisitor = { visitor: { userId: 'v', sessionId: '17' }, issuedAt: 0 };
const NOBODY: OpenedVisitor = { visitor: null, reason: 'nobody' };

async function run(opened: OpenedVisitor, identity?: object, error?: unknown) {
  const tracked: object[] = [];
  const warnings: string[] = [];
  const ours = {
    track: (input: object) => {
      tracked.push(input);
      return { stored: () => (error === undefined ? Promise.resolve() : Promise.reject(error)) };
    },
  };
  const result = await report(CONVERSION, () => identity as never, signal, {
    ours: ours as never,
    openToken: async () => opened,
    warn: (topic) => void warnings.push(topic),
  });
  return { ...result, tracked, warnings };
}

it('tracks with the token’s visitor, else with the identity, and never sends the token', async () => {
  const base = { event: 'lead', distinctId: 'lead:1' };
  expect((await run(VISITOR, { email: 'unused' })).tracked).toEqual([{ ...base, userId: 'v', sessionId: '17' }]);
  expect((await run(NOBODY, { externalId: 'c1' })).tracked).toEqual([{ ...base, externalId: 'c1' }]);
});

it('sends the consent that the token took along', async () => {
  const visitor = { userId: 'v', sessionId: '17', consent: { ads: false } };
  expect((await run({ visitor, issuedAt: 0 })).tracked).toEqual([
    { event: 'lead', distinctId: 'lead:1', userId: 'v', sessionId: '17', userProperties: { consent: { ads: false } } },
  ]);
});

it('does not report without an identity, and needs no retry', async () => {
  expect(await run(NOBODY)).toMatchObject({ retry: false, tracked: [], line: expect.stringContaining('not reported') });
});

it.each(['not_authentic', 'malformed', 'expired'] as const)('warns of a token that is %s', async (reason) => {
  expect((await run({ visitor: null, reason })).warnings).toEqual([`token ${reason}`]);
});

it.each(['missing', 'nobody'] as const)('does not warn of a token that is %s', async (reason) => {
  expect((await run({ visitor: null, reason })).warnings).toEqual([]);
});

const failed = (code: 'rejected' | 'not_stored', cause: Outcome) => new OursError(code, 'no', { cause });

it.each<[string, unknown, boolean]>([
  ['a timeout', new DOMException('late', 'TimeoutError'), true],
  ['an unknown outcome', failed('not_stored', { status: 'unknown', reason: 'not_confirmed', message: 'no' }), true],
  [
    'a catalogue that can be fixed',
    failed('rejected', { status: 'rejected', code: 'unknown_event', message: 'no' }),
    true,
  ],
  [
    'a permanent rejection',
    failed('rejected', { status: 'rejected', code: 'before_send_failed', message: 'no' }),
    false,
  ],
  ['a permanent drop', failed('rejected', { status: 'dropped', reason: 'before_send' }), false],
  ['a full queue', failed('not_stored', { status: 'dropped', reason: 'queue_full' }), true],
])('decides about a retry after %s', async (_, error, retry) => {
  expect(await run(VISITOR, undefined, error)).toMatchObject({ retry });
});
