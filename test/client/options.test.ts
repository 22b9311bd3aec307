import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ClientOptions, DEFAULT_BASE_URL, resolveOptions } from '../../src/client/options.js';
import { isOursError } from '../../src/core/errors.js';
import { createClient } from '../../src/index.js';
import { createMemoryOutbox } from '../../src/outbox/memory.js';

const token = 'test_7QmZ2xRkW9';
type Env = Record<string, string>;

/** The message with which options are refused; they may be anything, as from a caller without types. */
function refused(options: object, env: Env = {}): string {
  try {
    resolveOptions({ token, ...options } as ClientOptions, env);
  } catch (error) {
    if (!isOursError(error)) throw error;
    expect(error.code).toBe('invalid_option');
    return error.message;
  }
  throw new Error('nothing was refused');
}

const NUMBERS = [
  ['flushAt', 'OURS_FLUSH_AT', 100, 1, 10_000],
  ['flushIntervalMs', 'OURS_FLUSH_INTERVAL_MS', 1_000, 0, 3_600_000],
  ['maxBatchBytes', 'OURS_MAX_BATCH_BYTES', 524_288, 1_024, 67_108_864],
  ['maxQueueSize', 'OURS_MAX_QUEUE_SIZE', 100_000, 1, 100_000_000],
  ['maxQueueBytes', 'OURS_MAX_QUEUE_BYTES', 67_108_864, 1_024, Number.MAX_SAFE_INTEGER],
  ['maxRetries', 'OURS_MAX_RETRIES', 10, 0, 1_000],
  ['concurrency', 'OURS_CONCURRENCY', 4, 1, 256],
  ['requestTimeoutMs', 'OURS_REQUEST_TIMEOUT_MS', 10_000, 1, 600_000],
  ['assignTimeoutMs', 'OURS_ASSIGN_TIMEOUT_MS', 400, 1, 60_000],
  ['exposuresTimeoutMs', 'OURS_EXPOSURES_TIMEOUT_MS', 100, 1, 60_000],
] as const;

describe('an option', () => {
  it('has its default where nothing is said', () => {
    expect(resolveOptions({ token }, {})).toEqual({
      token,
      experimentToken: undefined,
      baseUrl: DEFAULT_BASE_URL,
      ...Object.fromEntries(NUMBERS.map(([name, , standard]) => [name, standard])),
      whenFull: 'drop-newest',
      relay: true,
      debug: false,
      disabled: false,
    });
  });

  it('that is undefined counts as left out', () => {
    const nothing = Object.fromEntries(NUMBERS.map(([name]) => [name, undefined]));
    const rest = { experimentToken: undefined, baseUrl: undefined, whenFull: undefined, relay: undefined };
    expect(resolveOptions({ token, ...nothing, ...rest, disabled: undefined }, {})).toEqual(
      resolveOptions({ token }, {}),
    );
  });
});

describe.each(NUMBERS)('the number %s, %s', (name, variable, _standard, min, max) => {
  const read = (options: object, env: Env = {}) => resolveOptions({ token, ...options }, env)[name];

  it('may be as small and as large as is said, and no more', () => {
    expect(read({ [name]: min })).toBe(min);
    expect(read({ [name]: max })).toBe(max);
    const rule = `${name} must be an integer from ${min} to ${max}`;
    expect(refused({ [name]: min - 1 })).toBe(`${rule}; got ${min - 1}.`);
    expect(refused({ [name]: max + 1 })).toBe(`${rule}; got ${max + 1}.`);
  });

  it('must be an integer', () => {
    for (const [wrong, came] of [
      [min + 0.5, String(min + 0.5)],
      [Number.NaN, 'NaN'],
      [Number.POSITIVE_INFINITY, 'Infinity'],
      [String(min), 'a string'],
      [{}, 'an object'],
      [true, 'a boolean'],
    ]) {
      expect(refused({ [name]: wrong })).toMatch(new RegExp(`^${name} must be an integer .*got ${came}\\.$`));
    }
  });

  it('comes from the environment where it is left out', () => {
    expect(read({}, { [variable]: String(max) })).toBe(max);
    expect(read({ [name]: min }, { [variable]: String(max) })).toBe(min);
    expect(read({}, { [variable]: '' })).toBe(read({}));
  });

  it('that is wrong in the environment is refused by the variable’s name', () => {
    expect(refused({}, { [variable]: 'many' })).toMatch(new RegExp(`^${variable} must be an integer .*got NaN\\.$`));
    expect(refused({}, { [variable]: String(min - 1) })).toContain(variable);
  });
});

describe('the token', () => {
  it('is needed, and the message says where from', () => {
    expect(refused({ token: undefined })).toMatch(/^token is missing: pass \{ token \} or set OURS_TOKEN/);
    expect(refused({ token: undefined }, { OURS_TOKEN: '' })).toMatch(/^token is missing/);
  });

  it('comes from OURS_TOKEN where it is left out', () => {
    expect(resolveOptions({}, { OURS_TOKEN: 'from_env' }).token).toBe('from_env');
    expect(resolveOptions({ token }, { OURS_TOKEN: 'from_env' }).token).toBe(token);
  });

  it('is not needed by a disabled client', () => {
    expect(resolveOptions({ disabled: true }, {}).token).toBe('');
    expect(resolveOptions({}, { OURS_DISABLED: '1' }).disabled).toBe(true);
  });

  it.each(['token', 'experimentToken'])(
    'has 1–250 characters, without blanks and quotes, and the message names the usual cause: %s',
    (name) => {
      expect(resolveOptions({ token, [name]: 'x'.repeat(250) }, {})).toMatchObject({ [name]: 'x'.repeat(250) });
      const rule = `${name} must be 1–250 characters without white space and quotes, as the dashboard shows them (docker --env-file keeps quotes)`;
      for (const wrong of ['x'.repeat(251), '', `${token} `, `${token}\n`, `a\u00a0b`, `"${token}"`, `'${token}'`]) {
        expect(refused({ [name]: wrong })).toBe(`${rule}; got a string.`);
      }
      expect(refused({ [name]: 42 })).toBe(`${rule}; got a number.`);
    },
  );

  it('for experiments comes from OURS_EXPERIMENT_TOKEN', () => {
    expect(resolveOptions({ token }, { OURS_EXPERIMENT_TOKEN: 'exp_env' }).experimentToken).toBe('exp_env');
    expect(
      resolveOptions({ token, experimentToken: 'exp_1' }, { OURS_EXPERIMENT_TOKEN: 'exp_env' }).experimentToken,
    ).toBe('exp_1');
  });

  it('and the one for experiments in each other’s place are refused with the way to mend it', () => {
    expect(refused({ token: 'exp_4HtY8bNvC3', experimentToken: token })).toMatch(
      /^token is an experiment token .*pass it as experimentToken, and the source token as token\.$/,
    );
    expect(refused({ token: undefined }, { OURS_TOKEN: 'exp_4HtY8bNvC3' })).toContain('experiment token');
    expect(refused({ experimentToken: token })).toContain('experimentToken and token are the same');
  });

  it('appears in no message and no trace, however it is wrong', () => {
    const secret = 'S3CRET';
    const wrong: [object, Env?][] = [
      [{ token: `exp_${secret}` }],
      [{ token: `${secret} ${secret}` }],
      [{ token: secret.repeat(50) }],
      [{ token: [secret] }],
      [{ token: secret, experimentToken: secret }],
      [{ token: secret, experimentToken: `${secret}\t` }],
      [{ token: undefined }, { OURS_TOKEN: `exp_${secret}` }],
      [{ token: secret, flushAt: secret }],
      [{ token: secret, flushAt: undefined }, { OURS_FLUSH_AT: secret }],
      [{ token: secret, baseUrl: `https://user:${secret}@example.org` }],
      [{ token: secret, baseUrl: `https://example.org/?token=${secret}` }],
      [{ token: secret, baseUrl: secret }],
      [{ token: secret, whenFull: secret }],
      [{ token: secret, disabled: secret }],
      [{ token: secret }, { OURS_DISABLED: secret }],
    ];
    for (const [options, env = {}] of wrong) {
      try {
        resolveOptions(options as ClientOptions, env);
        expect.unreachable();
      } catch (error) {
        expect(isOursError(error)).toBe(true);
        expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(secret);
      }
    }
  });
});

describe('the base URL', () => {
  it('comes from OURS_BASE_URL where it is left out, and loses its last slash', () => {
    expect(resolveOptions({ token }, { OURS_BASE_URL: 'http://127.0.0.1:4000/api/v1/' }).baseUrl).toBe(
      'http://127.0.0.1:4000/api/v1',
    );
    expect(resolveOptions({ token, baseUrl: 'https://api-eu.oursprivacy.com/api/v1' }, {}).baseUrl).toBe(
      'https://api-eu.oursprivacy.com/api/v1',
    );
    expect(resolveOptions({ token, baseUrl: 'https://example.org' }, {}).baseUrl).toBe('https://example.org');
  });

  it.each([
    ['has another protocol', ['example.org', '', 'ftp://example.org', 'file:///etc', 'http://']],
    [
      'has credentials, a query or a fragment',
      ['https://user:pass@example.org', 'https://example.org/?a=1', 'https://example.org/?', 'https://example.org/#a'],
    ],
    ['is no string', [42]],
  ])('is refused when it %s', (_, wrong) => {
    for (const baseUrl of wrong) {
      expect(refused({ baseUrl })).toBe(
        `baseUrl must be an http(s) URL such as ${DEFAULT_BASE_URL}, without credentials, query or fragment; got a ${typeof baseUrl}.`,
      );
    }
  });
});

describe('a variable', () => {
  it('that is empty counts as none', () => {
    const variables = ['TOKEN', 'EXPERIMENT_TOKEN', 'BASE_URL', 'WHEN_FULL', 'DISABLED'];
    const env = Object.fromEntries(variables.map((name) => [`OURS_${name}`, '']));
    expect(resolveOptions({ token }, env)).toEqual(resolveOptions({ token }, {}));
  });

  it('that is wrong is refused by its own name', () => {
    expect(refused({ token: undefined }, { OURS_TOKEN: 'a b' })).toMatch(/^OURS_TOKEN must be .*white space/);
    expect(refused({}, { OURS_BASE_URL: 'example.org' })).toMatch(/^OURS_BASE_URL must be an http/);
  });

  it('is there for what text can say, and for nothing else', () => {
    const env = { OURS_RELAY: 'false', OURS_LOGGER: 'x', OURS_FETCH: 'x', OURS_EVENTS: 'x', OURS_OUTBOX: 'x' };
    expect(resolveOptions({ token }, env)).toEqual(resolveOptions({ token }, {}));
  });
});

describe('a switch', () => {
  it.each([
    ['1', true],
    ['true', true],
    ['TRUE', true],
    ['0', false],
    ['false', false],
    ['', false],
  ])('reads OURS_DISABLED=%s as %s', (text, value) => {
    expect(resolveOptions({ token }, { OURS_DISABLED: text }).disabled).toBe(value);
  });

  it('given as an option wins over the environment', () => {
    expect(resolveOptions({ token, disabled: false }, { OURS_DISABLED: '1' }).disabled).toBe(false);
  });

  it('that is neither on nor off is refused', () => {
    expect(refused({ disabled: 'yes' })).toBe('disabled must be true or false; got a string.');
    expect(refused({ relay: 1 })).toBe('relay must be true or false; got a number.');
    expect(refused({}, { OURS_DISABLED: 'yes' })).toBe('OURS_DISABLED must be true or false; got a string.');
  });
});

describe('whenFull', () => {
  it('comes from OURS_WHEN_FULL where it is left out', () => {
    expect(resolveOptions({ token }, { OURS_WHEN_FULL: 'drop-oldest' }).whenFull).toBe('drop-oldest');
    expect(resolveOptions({ token, whenFull: 'drop-newest' }, { OURS_WHEN_FULL: 'drop-oldest' }).whenFull).toBe(
      'drop-newest',
    );
  });

  it('is one of two', () => {
    expect(refused({ whenFull: 'block' })).toBe("whenFull must be 'drop-newest' or 'drop-oldest'; got a string.");
    expect(refused({}, { OURS_WHEN_FULL: 'block' })).toMatch(/^OURS_WHEN_FULL must be/);
  });
});

describe('a client that does not relay', () => {
  const durable = {
    ...createMemoryOutbox(),
    durable: true,
    share: () => undefined,
  } as never;

  it('needs a durable outbox', () => {
    for (const outbox of [undefined, createMemoryOutbox()]) {
      expect(refused({ relay: false, outbox })).toMatch(/^relay is false.*pass a durable outbox/);
    }
    expect(resolveOptions({ token, relay: false, outbox: durable }, {}).relay).toBe(false);
  });
});

describe('what a caller without types gets wrong', () => {
  it.each(['onOutcome', 'beforeSend', 'waitUntil', 'fetch'])('is refused when the client is made: %s', (name) => {
    expect(refused({ [name]: 'x' })).toBe(`${name} must be a function; got a string.`);
    expect(refused({ [name]: null })).toBe(`${name} must be a function; got null.`);
  });

  it.each([[{}], [null], [{ warn: 'x' }], ['console']])('is refused as a logger: %j', (logger) => {
    expect(refused({ logger })).toMatch(/^logger must be an object with a method warn\(message\)/);
  });

  it.each([[{}], [null], ['memory'], [{ durable: true, lookUp: async () => new Map() }]])(
    'is refused as an outbox: %j',
    (outbox) => {
      expect(refused({ outbox })).toMatch(/^outbox must be an outbox, such as createMemoryOutbox\(\)/);
    },
  );

  it.each([
    [null, 'events must be a map of names to schemas; got null.'],
    ['purchase', 'events must be a map of names to schemas; got a string.'],
    [{ purchase: {} }, 'events.purchase must be a Standard Schema'],
    [{ purchase: null }, 'events.purchase must be a Standard Schema'],
    [{ $purchase: z.object({}) }, 'reserved by the service'],
    [{ $identify: z.object({}) }, 'call identify()'],
    [{ '': z.object({}) }, 'events has a name that cannot be sent: event must be a string of 1–1000 characters'],
    [{ Purchase: z.object({}), purchase: z.object({}) }, "events has 'Purchase' and 'purchase'"],
  ])('is refused as events: %o', (events, message) => {
    expect(refused({ events })).toContain(message);
  });

  it.each([
    ['baseURL', 'baseUrl'],
    ['apiHost', 'baseUrl'],
    ['writeKey', 'token'],
    ['apiKey', 'token'],
    ['flushInterval', 'flushIntervalMs'],
    ['flushat', 'flushAt'],
    ['maxEventsInBatch', 'flushAt'],
    ['onOutcomes', 'onOutcome'],
    ['event', 'events'],
  ])('is refused under a name that nothing reads, with the one that was meant: %s', (name, meant) => {
    expect(refused({ [name]: 'a-secret' })).toBe(
      `createClient has an unknown option: '${name}' (did you mean ${meant}?).`,
    );
    expect(refused({ [name]: undefined, flushAt: 0 }), 'without a value it is none').toContain('flushAt');
  });

  it('is refused under a name that resembles none, with all there are', () => {
    expect(refused({ persistence: 'memory' })).toContain("'persistence' (known are token, testToken, experimentToken,");
  });

  it('is refused as options altogether', () => {
    for (const options of [null, 'test_token', 42]) {
      expect(() => resolveOptions(options as unknown as ClientOptions, {})).toThrow(
        /^createClient takes one object; got/,
      );
    }
  });

  it('is thrown by createClient itself', () => {
    expect(() => createClient({ token, flushAt: 0 })).toThrow(/^flushAt must be an integer from 1 to 10000; got 0\.$/);
  });
});
