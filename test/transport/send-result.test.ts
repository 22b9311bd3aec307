import { describe, expect, it } from 'vitest';
import {
  type ClassifiedResponse,
  classifyFailure,
  classifyResponse,
  type SendResult,
} from '../../src/transport/send-result.js';

const NOW = Date.UTC(2026, 2, 14, 12);

interface Asked {
  readonly path?: string;
  readonly events?: number;
  readonly headers?: Record<string, string>;
}

function reading(
  status: number,
  body: unknown,
  { path = '/batch', events = 1, headers = {} }: Asked = {},
): ClassifiedResponse {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return classifyResponse({ status, text, header: (name) => headers[name] }, { path, events }, NOW);
}

/** The service's answer to a batch. */
function answer(status: number, body: object = {}, headers: Record<string, string> = {}, events = 1): SendResult {
  return reading(status, { success: status < 300, ...body }, { events, headers }).result;
}

const row = (index: number, code: string, message = 'why') => ({ index, success: false, code, message });
const taken = (index: number) => ({ index, success: true });

describe('a body without the service’s mark, an object with a boolean `success`,', () => {
  const BODIES: readonly (readonly [what: string, body: string])[] = [
    ['a page of HTML', '<html>Welcome</html>'],
    ['plain text', 'Client sent an HTTP request to an HTTPS server.\n'],
    ['an empty body', ''],
    ['truncated JSON', '{"success":tr'],
    ['JSON of another API', '{"error":"Bad Request"}'],
    ['JSON of an API gateway', '{"message":"Forbidden"}'],
    ['a success that is a string', '{"success":"true"}'],
    ['a list', '[{"success":true}]'],
    ['null', 'null'],
    ['a bare true', 'true'],
  ];

  it.each(BODIES)('here %s, counts nothing as delivered, refuses nothing and tells no time', (_what, body) => {
    for (const status of [
      200, 201, 204, 207, 301, 400, 401, 402, 403, 404, 405, 409, 413, 415, 422, 500, 502, 504, 599,
    ]) {
      for (const events of [0, 1]) {
        const { result, tellsTime } = reading(status, body, {
          events,
          headers: { 'x-should-retry': 'false' },
        });
        expect(result, `HTTP ${status}`).toMatchObject({ kind: 'retryable', scope: 'intermediary' });
        expect(tellsTime).toBe(false);
      }
    }
  });

  it.each(BODIES)('here %s, asks to be left alone by 429 and 503, for as long as it says', (_what, body) => {
    for (const status of [429, 503]) {
      const headers = { 'retry-after': '3', 'x-should-retry': 'false' };
      expect(reading(status, body, { headers }).result).toEqual({
        kind: 'retryable',
        scope: 'service',
        reason: `HTTP ${status}`,
        afterMs: 3000,
      });
    }
  });

  it('has a batch cut by 413, because less may pass, without learning its limit', () => {
    for (const [, body] of BODIES) expect(reading(413, body, { events: 2 }).result).toEqual({ kind: 'tooLarge' });
    expect(reading(413, '{"limit":1}', { events: 2 }).result).toEqual({ kind: 'tooLarge' });
    expect(reading(413, '<html>', { path: '/identify', events: 2 }).result).toEqual({ kind: 'tooLarge' });
  });

  it('is named where the service’s own answer of that status would have ended the events', () => {
    for (const status of [200, 204, 400, 401, 413, 415, 422])
      expect(reading(status, '').result).toMatchObject({ reason: `HTTP ${status} without the service's answer` });
    expect(reading(502, '').result).toMatchObject({ reason: 'HTTP 502' });
  });

  it('is what a hidden or followed redirect has, whatever else it says', () => {
    expect(reading(0, '').result).toMatchObject({ kind: 'retryable', scope: 'intermediary', reason: 'a redirect' });
    for (const body of ['{"success":true}', '{"success":false}']) {
      const followed = reading(0, body, { headers: { 'x-should-retry': 'false' } });
      expect(followed).toMatchObject({ result: { kind: 'retryable', scope: 'intermediary' }, tellsTime: false });
    }
  });
});

describe('the service’s own answer', () => {
  it('is recognised behind a byte order mark', () => {
    expect(reading(200, '\uFEFF{"success":true}').result).toMatchObject({ kind: 'delivered' });
  });

  it('tells its time, unless a cache repeats it', () => {
    for (const status of [200, 400, 401, 429, 500, 503])
      expect(reading(status, '{"success":false}').tellsTime).toBe(true);
    expect(reading(200, '{"success":true}', { headers: { age: '0' } }).tellsTime).toBe(true);
    expect(reading(200, '{"success":true}', { headers: { age: '7' } }).tellsTime).toBe(false);
  });

  it('of `{"success":true}` means that everything was taken, to every call', () => {
    for (const path of ['/batch', '/identify', '/experiments/personalization'])
      expect(reading(200, '{"success":true}', { path, events: 3 }).result).toMatchObject({
        kind: 'delivered',
        failures: [],
      });
  });

  it('is handed over, for those who asked a question', () => {
    const body = { success: true, in_experiment: false };
    expect(reading(200, body, { path: '/experiments/assignments/x' }).result).toMatchObject({ answer: body });
  });

  it('of 200 with `{"success":false}` took nothing: it is sent again', () => {
    const again = { kind: 'retryable', scope: 'request', isServiceAnswer: true };
    expect(answer(200, { success: false }, {}, 3)).toMatchObject(again);
    expect(answer(200, { success: false, accepted: 0, failed: 3 }, {}, 3)).toMatchObject(again);
    expect(reading(200, '{"success":false}', { path: '/identify' }).result).toMatchObject(again);
  });
});

describe('an answer of 207', () => {
  it('is taken row by row: an invalid row never again, a failed queue once more', () => {
    const results = [taken(0), row(1, 'invalid_event', 'bad name'), row(2, 'queue_failed', 'busy')];
    expect(answer(207, { success: false, accepted: 1, failed: 2, results }, {}, 3)).toMatchObject({
      kind: 'delivered',
      failures: [
        { index: 1, retryable: false, message: 'bad name' },
        { index: 2, retryable: true, message: 'busy' },
      ],
    });
  });

  it('with a code this client does not know has the row sent again', () => {
    expect(answer(207, { results: [row(0, 'brand_new'), taken(1)] }, {}, 2)).toMatchObject({
      failures: [{ index: 0, retryable: true }],
    });
  });

  it('with no row taken and none refused for good is bad luck of the whole request', () => {
    const results = [row(0, 'queue_failed'), row(1, 'queue_failed')];
    expect(answer(207, { success: false, accepted: 0, results }, {}, 2)).toMatchObject({
      kind: 'retryable',
      scope: 'request',
      reason: 'HTTP 207, no row taken',
    });
  });

  it('that leaves a row open has the batch cut, and a single event sent again', () => {
    expect(answer(207, { accepted: 1, failed: 2 }, {}, 3)).toEqual({ kind: 'tooLarge' });
    expect(answer(207, { accepted: 0, failed: 0 }, {}, 1)).toMatchObject({ kind: 'retryable', scope: 'request' });
  });

  it('with a message that is long or missing keeps it short', () => {
    const results = [row(0, 'invalid_event', 'bad '.repeat(1000)), { index: 1, success: false, code: 'invalid_event' }];
    const result = answer(207, { results }, {}, 2);
    if (result.kind !== 'delivered') throw new Error(result.kind);
    expect(result.failures[0]!.message).toBe(`${'bad '.repeat(75)}…`);
    expect(result.failures[1]!.message).toBe('refused by the service');
  });
});

describe('an answer of 500', () => {
  it('with results is taken row by row', () => {
    expect(answer(500, { results: [row(0, 'queue_failed'), taken(1)] }, {}, 2)).toMatchObject({
      kind: 'delivered',
      failures: [{ index: 0, retryable: true }],
    });
  });

  it('without results has everything sent again', () => {
    expect(answer(500, { error: 'oops' })).toMatchObject({ kind: 'retryable', scope: 'request', reason: 'HTTP 500' });
  });
});

describe('an answer of 413', () => {
  it('asks for a smaller request and says how small', () => {
    expect(answer(413, { error: 'too large', limit: 65536 })).toEqual({ kind: 'tooLarge', limit: 65536 });
  });

  it.each([
    ['no limit', {}],
    ['a limit of 0', { limit: 0 }],
    ['a negative limit', { limit: -1 }],
    ['a limit that is no number', { limit: '512 KiB' }],
    ['a limit that is null', { limit: null }],
    ['a limit that is true', { limit: true }],
  ])('with %s states no limit', (_what, body) => {
    expect(answer(413, body)).toEqual({ kind: 'tooLarge' });
  });
});

it('the service’s answer of 401 is about the token, whatever else it says', () => {
  expect(answer(401)).toEqual({ kind: 'unauthorized' });
  expect(answer(401, { error: 'no' }, { 'x-should-retry': 'true' })).toEqual({ kind: 'unauthorized' });
});

describe('a status of the service', () => {
  it.each([400, 415, 422])('%i is final', (status) => {
    expect(answer(status, { error: 'no such thing' })).toEqual({
      kind: 'rejected',
      status,
      message: 'no such thing',
    });
  });

  it.each([408, 409, 500, 501, 502, 504, 520, 599])('%i is bad luck of this request', (status) => {
    expect(answer(status)).toMatchObject({ kind: 'retryable', scope: 'request', reason: `HTTP ${status}` });
  });

  it.each([429, 503])('%i is about the service, not the events', (status) => {
    expect(answer(status)).toMatchObject({ kind: 'retryable', scope: 'service', reason: `HTTP ${status}` });
  });

  it.each([301, 304, 402, 403, 404, 405, 410])('%i is about the way to the service', (status) => {
    expect(answer(status)).toMatchObject({ kind: 'retryable', scope: 'intermediary', reason: `HTTP ${status}` });
  });

  it.each([408, 409, 429, 500, 502, 503, 504])('%i carries the time the service asks for', (status) => {
    expect(answer(status, {}, { 'retry-after': '3' })).toMatchObject({ afterMs: 3000 });
    expect(answer(status, {}, { 'retry-after-ms': '250' })).toMatchObject({ afterMs: 250 });
  });

  it('that is usually final is retried when the service says so', () => {
    expect(answer(400, {}, { 'x-should-retry': 'true' })).toMatchObject({ kind: 'retryable', reason: 'HTTP 400' });
  });

  it('that is usually retried is final when the service says so', () => {
    for (const status of [408, 429, 500, 503]) {
      expect(answer(status, {}, { 'x-should-retry': 'false' })).toMatchObject({ kind: 'rejected', status });
    }
  });

  it('is judged as usual where x-should-retry says anything else', () => {
    expect(answer(400, {}, { 'x-should-retry': 'yes' }).kind).toBe('rejected');
    expect(answer(503, {}, { 'x-should-retry': '' }).kind).toBe('retryable');
  });
});

describe('the message of a refusal', () => {
  it.each([
    ['error', { error: 'from error', message: 'from message' }, 'from error'],
    ['message', { message: 'from message' }, 'from message'],
    ['the status, where it says nothing', {}, 'HTTP 400'],
    ['the status, where it is no text', { error: { code: 1 } }, 'HTTP 400'],
  ])('is %s', (_what, body, message) => {
    expect(answer(400, body)).toMatchObject({ message });
  });

  it('is cut to 300 characters and at a blank, so that no half of a quoted token stays', () => {
    const quoting = `${'x'.repeat(280)} token test_7QmZ2xRkW9_7QmZ2xRkW9 is wrong`;
    expect(answer(400, { error: quoting })).toMatchObject({ message: `${'x'.repeat(280)} token …` });
    expect(answer(400, { error: 'x'.repeat(300) })).toMatchObject({ message: 'x'.repeat(300) });
    expect(answer(400, { error: 'x'.repeat(301) })).toMatchObject({ message: '…' });
  });
});

describe('a request without an answer', () => {
  const withCode = (code: string, extra: object = {}) => Object.assign(new Error('at 10.0.0.7:443'), { code }, extra);

  it.each([
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENETDOWN',
    'UND_ERR_CONNECT_TIMEOUT',
  ])('by %s found nobody there', (code) => {
    expect(classifyFailure(withCode(code))).toEqual({ kind: 'retryable', scope: 'service', reason: code });
  });

  it.each(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_BODY_TIMEOUT', 'request timeout'])(
    'by %s had bad luck',
    (code) => {
      expect(classifyFailure(withCode(code))).toEqual({ kind: 'retryable', scope: 'request', reason: code });
    },
  );

  it('is read through the wrapping of fetch', () => {
    const error = new TypeError('fetch failed', { cause: withCode('ECONNREFUSED') });
    expect(classifyFailure(error)).toMatchObject({ scope: 'service', reason: 'ECONNREFUSED' });
  });

  it('is read through an AggregateError, as connecting to several addresses gives, wrapped or not', () => {
    const several = new AggregateError([withCode('ECONNREFUSED'), withCode('ECONNREFUSED')]);
    expect(classifyFailure(several)).toMatchObject({ scope: 'service', reason: 'ECONNREFUSED' });
    expect(classifyFailure(new TypeError('fetch failed', { cause: several }))).toMatchObject({
      reason: 'ECONNREFUSED',
    });
  });

  it.each([
    ['client error (Connect): tcp connect error: Connection refused (os error 111)', 'ECONNREFUSED'],
    [
      'client error (Connect): tcp connect error: No connection could be made because the target machine actively refused it. (os error 10061)',
      'ECONNREFUSED',
    ],
    ['client error (Connect): dns error: No such host is known. (os error 11001)', 'ENOTFOUND'],
    ['client error (Connect): dns error: failed to lookup address information: Name or service not known', 'ENOTFOUND'],
  ])('is read from the words of Deno, which gives no code, and only a fixed word is shown: %s', (words, reason) => {
    const cause = new Error(`error sending request for url (http://10.0.0.7:443/batch): ${words}`);
    const expected = { kind: 'retryable', scope: 'service', reason };
    expect(classifyFailure(new TypeError('fetch failed', { cause }))).toEqual(expected);
  });

  it('is named by its error where there is no code, and never by a message, which may hold addresses', () => {
    expect(classifyFailure(new TypeError('fetch failed at 10.0.0.7'))).toMatchObject({
      scope: 'request',
      reason: 'TypeError',
    });
    expect(classifyFailure('10.0.0.7')).toMatchObject({ scope: 'request', reason: 'no answer' });
    expect(classifyFailure(undefined)).toMatchObject({ scope: 'request', reason: 'no answer' });
  });

  it('is read to an end even if its causes go in a circle', () => {
    const error = new Error('a');
    error.cause = error;
    expect(classifyFailure(error)).toMatchObject({ reason: 'Error' });
  });
});
