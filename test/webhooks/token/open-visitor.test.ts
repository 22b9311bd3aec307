import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkSessionId, checkUserId } from '../../../src/protocol/identity.js';
import { openVisitor, sealVisitor, type VisitorKey } from '../../../src/webhooks/index.js';
import { keyOf } from '../../support/keys.js';

const OLD = keyOf(1);
const NEW = keyOf(2);
const USUAL = { userId: '0b7e6c1a-5a52-4f0e-9d7c-3f6f7b1f2a10', sessionId: '1732398000123' };
const NOW = 1_732_398_500_000;
const now = () => NOW;
const DAY_MS = 86_400_000;

const key = fc.nat().map(keyOf);
const browserVisitor = fc.record({
  userId: fc.uuid({ version: 4 }),
  sessionId: fc.option(fc.integer({ min: 1, max: 2 ** 48 - 1 }).map(String), { nil: undefined }),
});
const id = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 });
/** Almost like the browser SDK's ids. */
const nearlySid = fc.constantFrom('0', '007', '1e3', ' 1', '1.0', '-1', '0x10', '281474976710656', '9007199254740993');
const nearlyUuid = fc.uuid().map((uuid) => uuid.toUpperCase());
const strangeVisitor = fc.record({
  userId: fc.oneof(id, nearlyUuid, fc.uuid()),
  sessionId: fc.option(fc.oneof(id, nearlySid), { nil: undefined }),
});
/** Whether a session id stays as it is: without the browser's prefix and not a word for nothing. */
const isPlainSid = (sid: string | undefined) =>
  sid === undefined || (!/^(sid_.*|undefined|null)$/.test(sid) && checkSessionId(sid) === undefined);
/** Whether the client accepts the id. */
const isUserId = (id: string) => id !== '00000000-0000-0000-0000-000000000000' && checkUserId(id) === undefined;

describe('a visitor token', () => {
  it('returns the sealed visitor, for all ids that the client accepts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(browserVisitor, strangeVisitor), key, async (visitor, secret) => {
        fc.pre(isPlainSid(visitor.sessionId) && isUserId(visitor.userId));
        const token = await sealVisitor(visitor, [secret], { now });
        const { userId, sessionId } = visitor;
        expect(await openVisitor(token, [secret], { now })).toEqual({ visitor: { userId, sessionId }, issuedAt: NOW });
      }),
    );
  });

  it('has 74 characters for ids of the browser SDK without a consent, which every provider accepts', async () => {
    await fc.assert(
      fc.asyncProperty(browserVisitor, async (visitor) => {
        expect(await sealVisitor(visitor, [OLD])).toMatch(/^[A-Za-z0-9_-]{74}$/);
      }),
    );
  });

  it('never exceeds Stripe’s limit for a metadata value; longer ids give a token without a visitor', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme', maxLength: 600 }),
        fc.string({ unit: 'grapheme', maxLength: 600 }),
        async (userId, sessionId) => {
          expect((await sealVisitor({ userId, sessionId }, [OLD])).length).toBeLessThanOrEqual(500);
        },
      ),
    );
    const token = await sealVisitor({ userId: 'v'.repeat(390) }, [OLD]);
    expect(await openVisitor(token, [OLD])).toEqual({ visitor: null, reason: 'nobody' });
  });

  it.each([
    ['any id', {}],
    ['a user id', { userId: '', sessionId: '1732398000123' }],
    ['a string as id', { userId: 7 as unknown as string }],
    ['a value', undefined],
    ['a value, in untyped code', null as unknown as undefined],
  ])('has no visitor for one without %s', async (_, visitor) => {
    const token = await sealVisitor(visitor, [OLD]);
    expect(token).toHaveLength(74);
    expect(await openVisitor(token, [OLD])).toEqual({ visitor: null, reason: 'nobody' });
  });

  it('accepts a session with the browser’s prefix', async () => {
    const token = await sealVisitor({ ...USUAL, sessionId: `sid_${USUAL.sessionId}` }, [OLD]);
    expect(await openVisitor(token, [OLD])).toMatchObject({ visitor: USUAL });
  });

  it('reveals nothing about the visitor, and differs each time', async () => {
    const tokens = await Promise.all([sealVisitor(USUAL, [OLD]), sealVisitor(USUAL, [OLD])]);
    expect(tokens[0]).not.toBe(tokens[1]);
    const bytes = tokens.map((token) => Buffer.from(token, 'base64url').toString('hex'));
    for (const hex of bytes) expect(hex).not.toContain(USUAL.userId.slice(0, 8));
  });

  it('does not open with another key', async () => {
    await fc.assert(
      fc.asyncProperty(key, key, async (one, other) => {
        fc.pre(Buffer.compare(one, other) !== 0);
        const token = await sealVisitor(USUAL, [one]);
        expect(await openVisitor(token, [other])).toEqual({ visitor: null, reason: 'not_authentic' });
      }),
    );
  });

  it('does not open if a character is changed, removed or added', async () => {
    const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= é';
    const long = await sealVisitor({ userId: 'a visitor of another SDK' }, [OLD]);
    const usual = await sealVisitor(USUAL, [OLD]);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(usual, long),
        fc.nat(),
        fc.constantFrom('', ...characters),
        fc.boolean(),
        async (token, place, character, isAdded) => {
          const at = place % (token.length + 1);
          const tampered = token.slice(0, at) + character + token.slice(isAdded ? at : at + 1);
          fc.pre(tampered !== token && tampered !== '');
          const opened = await openVisitor(tampered, [OLD]);
          expect(opened).toMatchObject({ visitor: null, reason: expect.stringMatching(/^(malformed|not_authentic)$/) });
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('does not open as another version', async () => {
    const bytes = Buffer.from(await sealVisitor(USUAL, [OLD]), 'base64url');
    for (let version = 0; version < 256; version++) {
      bytes[0] = version;
      const { visitor } = await openVisitor(bytes.toString('base64url'), [OLD]);
      expect(visitor).toEqual(version === 1 ? USUAL : null);
    }
  });

  it('gives the reason for anything that is not a token', async () => {
    for (const nothing of [undefined, null, '']) {
      expect(await openVisitor(nothing, [OLD])).toEqual({ visitor: null, reason: 'missing' });
    }
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ minLength: 1 }), fc.base64String({ minLength: 1 })), async (text) => {
        const { visitor } = await openVisitor(text, [OLD]);
        expect(visitor).toBeNull();
      }),
    );
    expect(await openVisitor('x'.repeat(10_000), [OLD])).toEqual({ visitor: null, reason: 'malformed' });
    expect(await openVisitor(7 as unknown as string, [OLD])).toEqual({ visitor: null, reason: 'malformed' });
  });
});

describe('keys', () => {
  it('may be rotated: the first seals, all open', async () => {
    const before = await sealVisitor(USUAL, [OLD]);
    const after = await sealVisitor(USUAL, [NEW, OLD]);
    expect(await openVisitor(before, [NEW, OLD])).toMatchObject({ visitor: USUAL });
    expect(await openVisitor(after, [NEW])).toMatchObject({ visitor: USUAL });
    expect(await openVisitor(after, [OLD])).toEqual({ visitor: null, reason: 'not_authentic' });
  });

  it('may be bytes, base64, base64url or hex', async () => {
    const bytes = Buffer.from(keyOf(3));
    const token = await sealVisitor(USUAL, [new Uint8Array(bytes)]);
    for (const encoding of ['hex', 'base64', 'base64url'] as const) {
      expect(await openVisitor(token, [`${bytes.toString(encoding)}\n`])).toMatchObject({ visitor: USUAL });
    }
    expect(await openVisitor(token, [bytes])).toMatchObject({ visitor: USUAL });
  });

  it.each([
    ['none', []],
    ['a string instead of a list', 'secret' as unknown as VisitorKey[]],
    ['one that is not set', [undefined as unknown as string]],
    ['one that is short', ['c2hvcnQtc2VjcmV0']],
    ['one that is not base64', ['short-secret!']],
    ['a good one and a bad one', [OLD, new Uint8Array(31)]],
  ])('are rejected if there is %s, without showing them', async (_, keys) => {
    const refusal = {
      code: 'invalid_option',
      message: expect.stringMatching(/^keys(\[\d\])? must be .*(?<!secret.*)$/),
    };
    await expect(sealVisitor(USUAL, keys)).rejects.toMatchObject(refusal);
    await expect(openVisitor('', keys)).rejects.toMatchObject(refusal);
  });
});

describe('the age of a token', () => {
  it('removes the session after 400 days, and never the visitor: a subscription may run for many years', async () => {
    const token = await sealVisitor(USUAL, [OLD], { now });
    const open = (days: number) => openVisitor(token, [OLD], { now: () => NOW + days * DAY_MS });
    expect(await open(400)).toEqual({ visitor: USUAL, issuedAt: NOW });
    for (const days of [400.001, 4_000]) {
      expect(await open(days)).toEqual({ visitor: { userId: USUAL.userId, sessionId: undefined }, issuedAt: NOW });
    }
  });

  it('says whether its id came from a link, which cannot be changed', async () => {
    for (const visitor of [USUAL, { userId: 'of another SDK', sessionId: 'x' }]) {
      const token = await sealVisitor({ ...visitor, isFromLink: true }, [OLD], { now });
      expect((await openVisitor(token, [OLD], { now })).visitor).toMatchObject({ ...visitor, isFromLink: true });
      const bytes = Buffer.from(token, 'base64url');
      bytes[0]! &= 0x7f;
      expect(await openVisitor(bytes.toString('base64url'), [OLD], { now })).toMatchObject({ reason: 'not_authentic' });
    }
  });

  it('carries no consent from a link, which may be another person’s', async () => {
    const token = await sealVisitor({ ...USUAL, consent: { ads: true }, isFromLink: true }, [OLD], { now });
    expect((await openVisitor(token, [OLD], { now })).visitor).toEqual({ ...USUAL, isFromLink: true });
  });

  it('gives the consent for a day: what the visitor has decided since must stand', async () => {
    const token = await sealVisitor({ ...USUAL, consent: { ads: true } }, [OLD], { now });
    const open = (ageMs: number) => openVisitor(token, [OLD], { now: () => NOW + ageMs });
    expect((await open(DAY_MS - 1_000)).visitor).toMatchObject({ consent: { ads: true } });
    expect((await open(DAY_MS + 1_000)).visitor).toEqual({ ...USUAL, consent: undefined });
  });

  it('removes the session after sessionMaxAgeMs', async () => {
    const token = await sealVisitor(USUAL, [OLD], { now });
    const open = (ageMs: number) => openVisitor(token, [OLD], { sessionMaxAgeMs: 30 * DAY_MS, now: () => NOW + ageMs });
    expect(await open(30 * DAY_MS)).toMatchObject({ visitor: USUAL });
    expect(await open(30 * DAY_MS + 1)).toMatchObject({ visitor: { userId: USUAL.userId, sessionId: undefined } });
  });

  it('is at most maxAgeMs', async () => {
    const token = await sealVisitor(USUAL, [OLD], { now });
    const open = (ageMs: number) => openVisitor(token, [OLD], { maxAgeMs: 30 * DAY_MS, now: () => NOW + ageMs });
    expect(await open(30 * DAY_MS)).toMatchObject({ visitor: USUAL });
    expect(await open(30 * DAY_MS + 1)).toEqual({ visitor: null, reason: 'expired' });
  });

  it.each([Number.NaN, -1, '30 days' as unknown as number])(
    'cannot be limited to %s: no token would ever expire',
    async (maxAgeMs) => {
      const token = await sealVisitor(USUAL, [OLD]);
      await expect(openVisitor(token, [OLD], { maxAgeMs })).rejects.toMatchObject({ code: 'invalid_option' });
      const sessionMaxAgeMs = maxAgeMs;
      await expect(openVisitor(token, [OLD], { sessionMaxAgeMs })).rejects.toMatchObject({ code: 'invalid_option' });
    },
  );
});

describe('the environment of a token', () => {
  const seal = (environment?: string) => sealVisitor(USUAL, [OLD], { environment, now });
  const open = async (token: string, environment?: string, acceptUnbound?: boolean) =>
    (await openVisitor(token, [NEW, OLD], { environment, acceptUnbound, now })).visitor;

  it('is the only one it opens in, even with the same key', async () => {
    const [staging, production] = [await seal('staging'), await seal('production')];
    expect(await open(staging, 'staging')).toEqual(USUAL);
    expect(await open(production, 'production')).toEqual(USUAL);
    for (const other of ['production', 'Staging', 'staging ', undefined]) expect(await open(staging, other)).toBeNull();
  });

  it('does not make it longer', async () => {
    expect(await seal('production')).toHaveLength(74);
  });

  it('is missing from older tokens, which open with acceptUnbound; those of other environments do not', async () => {
    const [before, staging] = [await seal(), await seal('staging')];
    expect(await open(before, 'production')).toBeNull();
    expect(await open(before, 'production', true)).toEqual(USUAL);
    expect(await open(staging, 'production', true)).toBeNull();
    expect(await open(await seal('production'), 'production', true)).toEqual(USUAL);
  });

  it.each(['', 'x'.repeat(101), 7 as unknown as string])('cannot be %j', async (environment) => {
    const refusal = { code: 'invalid_option', message: expect.stringContaining('environment') };
    await expect(seal(environment)).rejects.toMatchObject(refusal);
    await expect(openVisitor('', [OLD], { environment })).rejects.toMatchObject(refusal);
  });

  // Tokens wait in the metadata of subscriptions for years.
  it('is missing from tokens of 0.1.0, and they open', async () => {
    expect(await open('AbtEcpc76A9GAHv5FuKiVOLyJ0mtmol-5-qQytvohtuX52SyHDkAQhmsbanBDxl3JOu4hDGUTA')).toEqual({
      ...USUAL,
      sessionId: '1732398400000',
    });
  });
});
