import { expect, it, onTestFinished } from 'vitest';
import { purchaseId } from '../../src/commerce/index.js';
import { OursError } from '../../src/core/errors.js';
import type { Outcome } from '../../src/core/outcome.js';
import { report } from '../../src/webhooks/report.js';
import type { OpenedVisitor } from '../../src/webhooks/token/open-visitor.js';

const { signal } = new AbortController();
const CONVERSION = { event: 'lead', distinctId: 'lead:1', visitorToken: 'token' };
const DAY_MS = 86_400_000;
const VISITOR: OpenedVisitor = { visitor: { userId: 'v', sessionId: '17' }, issuedAt: 0 };
const NOBODY: OpenedVisitor = { visitor: null, reason: 'nobody' };

async function run(opened: OpenedVisitor, identity?: object, error?: unknown, conversion: object = CONVERSION) {
  const tracked: object[] = [];
  const warnings: string[] = [];
  const ours = {
    track: (input: object) => {
      tracked.push(input);
      return {
        distinctId: 'lead:1',
        stored: () => (error === undefined ? Promise.resolve() : Promise.reject(error)),
      };
    },
  };
  const result = await report(conversion as never, () => identity as never, signal, {
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

it('keeps the session of a conversion whose token has none', async () => {
  const visitor = { userId: 'v', sessionId: undefined };
  const conversion = { ...CONVERSION, sessionId: '18' };
  expect((await run({ visitor, issuedAt: 0 }, undefined, undefined, conversion)).tracked).toMatchObject([
    { userId: 'v', sessionId: '18' },
  ]);
});

it('does not give the token’s visitor the session of another visitor, whom the conversion names', async () => {
  const visitor = { userId: 'v', sessionId: undefined };
  const conversion = { ...CONVERSION, userId: 'w', sessionId: '18' };
  expect(
    (await run({ visitor, issuedAt: 0 }, { userId: 'v', sessionId: '19' }, undefined, conversion)).tracked,
  ).toEqual([{ event: 'lead', distinctId: 'lead:1', userId: 'v', sessionId: '19' }]);
  expect((await run({ visitor, issuedAt: 0 }, undefined, undefined, conversion)).tracked).toEqual([
    { event: 'lead', distinctId: 'lead:1', userId: 'v', sessionId: undefined },
  ]);
});

it.each([
  ['of the same visitor', { userId: 'v', sessionId: '19' }, '19'],
  ['that names no visitor', { externalId: 'c1', sessionId: '19' }, '19'],
  ['of another visitor', { userId: 'w', sessionId: '19' }, undefined],
  ['without a session', { userId: 'v' }, undefined],
  ['that knows nobody', undefined, undefined],
])('takes the session of an identity %s if the token has none', async (_, identity, sessionId) => {
  const visitor = { userId: 'v', sessionId: undefined };
  const { tracked } = await run({ visitor, issuedAt: 0 }, identity);
  expect(tracked).toEqual([{ event: 'lead', distinctId: 'lead:1', userId: 'v', sessionId, userProperties: undefined }]);
});

it.each([undefined, null, '', 17])(
  'does not send a conversion with the distinctId %j, which would count twice',
  async (id) => {
    expect(await run(VISITOR, undefined, undefined, { ...CONVERSION, distinctId: id })).toMatchObject({
      tracked: [],
      retry: true,
      warnings: ['no id'],
    });
  },
);

it('survives a distinctId that was not awaited and rejects, as purchaseId does without its secret', async () => {
  const unhandled: unknown[] = [];
  const listen = (reason: unknown) => void unhandled.push(reason);
  process.on('unhandledRejection', listen);
  onTestFinished(() => void process.off('unhandledRejection', listen));
  const distinctId = purchaseId('o1', { secret: '' });
  expect(await run(VISITOR, undefined, undefined, { ...CONVERSION, distinctId })).toMatchObject({
    tracked: [],
    retry: true,
    warnings: ['no id'],
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(unhandled).toEqual([]);
});

it('names the event as the client does, which replaces an id that looks personal', async () => {
  const conversion = { ...CONVERSION, distinctId: 'lead:ada@example.com' };
  expect((await run(VISITOR, undefined, undefined, conversion)).line).toBe('lead:1 is stored');
});

it.each([{ email: 'a@example.com' }, { externalId: 'c1' }, { userProperties: { city: 'Bern' }, externalId: 'c1' }])(
  'does not record personal data under an id from a link: %j',
  async (person) => {
    const opened: OpenedVisitor = { visitor: { userId: 'v', sessionId: '17', isFromLink: true }, issuedAt: 0 };
    const [tracked] = (await run(opened, undefined, undefined, { ...CONVERSION, ...person })).tracked;
    expect(tracked).toEqual({ event: 'lead', distinctId: 'lead:1', ...person });
    expect((await run(opened)).tracked).toMatchObject([{ userId: 'v', sessionId: '17' }]);
  },
);

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
    'a mistake that can be fixed',
    failed('rejected', { status: 'rejected', code: 'unknown_field', message: 'no' }),
    true,
  ],
  ['a refusal of the service', failed('rejected', { status: 'rejected', code: 'invalid_event', message: 'no' }), false],
  ['a permanent drop', failed('rejected', { status: 'dropped', reason: 'before_send' }), false],
  ['a full queue', failed('not_stored', { status: 'dropped', reason: 'queue_full' }), true],
])('decides about a retry after %s', async (_, error, retry) => {
  expect(await run(VISITOR, undefined, error)).toMatchObject({ retry });
});

it.each<[string, unknown, boolean]>([
  ['older than seven days', Date.now() - 8 * DAY_MS, false],
  ['a Date older than seven days', new Date(Date.now() - 8 * DAY_MS), false],
  ['in seconds', Math.floor(Date.now() / 1000), true],
  ['text', '2026-11-30T11:00:00Z', true],
])('lets the provider retry a refused time only if it is a mistake: %s', async (_, time, retry) => {
  const error = failed('rejected', { status: 'rejected', code: 'invalid_time', message: 'no' });
  expect(await run(VISITOR, undefined, error, { ...CONVERSION, time })).toMatchObject({ retry });
});
