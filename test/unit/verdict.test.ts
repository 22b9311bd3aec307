import { describe, expect, it } from 'vitest';
import { judge, judgeFailure, type Verdict } from '../../src/delivery/verdict.js';

const NOW = Date.UTC(2026, 2, 14, 12);

function answer(status: number, body: unknown = '', headers: Record<string, string> = {}): Verdict {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return judge({ status, text, header: (name) => headers[name] }, NOW);
}

const row = (index: number, code: string, message = 'why') => ({ index, success: false, code, message });

describe('an answer of 200', () => {
  it('with the service’s own word means that everything was taken', () => {
    expect(answer(200, { success: true })).toMatchObject({ kind: 'delivered', failures: [] });
    expect(
      answer(200, { success: true, accepted: 2, failed: 0, results: [{ index: 0, success: true }] }),
    ).toMatchObject({ kind: 'delivered', failures: [] });
  });

  it('hands the answer over, for those who asked a question', () => {
    const body = { success: true, in_experiment: false };
    expect(answer(200, body)).toMatchObject({ answer: body });
  });

  it.each([
    ['a page of HTML, as a captive portal gives', '<html>Welcome</html>'],
    ['an empty body', ''],
    ['JSON that breaks off', '{"success":tr'],
    ['JSON that says something else', '{"ok":true}'],
    ['a success that is none', '{"success":"true"}'],
    ['a failure', '{"success":false}'],
    ['a list', '[true]'],
    ['null', 'null'],
  ])('with %s proves nothing: it is sent again', (_what, body) => {
    expect(answer(200, body)).toEqual({
      kind: 'retryable',
      scope: 'request',
      reason: "HTTP 200 without the service's answer",
    });
  });
});

describe('an answer of 207', () => {
  it('is taken row by row: an invalid row never again, a failed queue once more', () => {
    const results = [{ index: 0, success: true }, row(1, 'invalid_event', 'bad name'), row(2, 'queue_failed', 'busy')];
    expect(answer(207, { success: false, accepted: 1, failed: 2, results })).toMatchObject({
      kind: 'delivered',
      failures: [
        { index: 1, retryable: false, message: 'bad name' },
        { index: 2, retryable: true, message: 'busy' },
      ],
    });
  });

  it('with a code this client does not know has the row sent again', () => {
    expect(answer(207, { results: [row(0, 'brand_new'), { index: 1, success: true }] })).toMatchObject({
      failures: [{ index: 0, retryable: true }],
    });
  });

  it('with no row taken and none refused for good is bad luck of the whole request', () => {
    expect(answer(207, { accepted: 0, results: [row(0, 'queue_failed'), row(1, 'queue_failed')] })).toEqual({
      kind: 'retryable',
      scope: 'request',
      reason: 'HTTP 207, no row taken',
    });
  });

  it.each([
    ['counts failures but names none', { success: true, accepted: 1, failed: 2 }],
    ['names a row by nothing', { accepted: 1, results: [{ success: false, code: 'invalid_event' }] }],
    ['names a row below zero', { accepted: 1, results: [row(-1, 'invalid_event')] }],
  ])('that %s is sent again as a whole: nobody knows which row failed', (_what, body) => {
    expect(answer(207, body)).toMatchObject({ kind: 'retryable', scope: 'request' });
  });

  it('with rows that are no objects has the others heard', () => {
    expect(answer(207, { results: [null, 7, 'x', row(3, 'invalid_event')] })).toMatchObject({
      failures: [{ index: 3, retryable: false }],
    });
  });

  it('with a message that is long or none keeps it short', () => {
    const results = [row(0, 'invalid_event', 'bad '.repeat(1000)), { index: 1, success: false, code: 'invalid_event' }];
    const verdict = answer(207, { results });
    if (verdict.kind !== 'delivered') throw new Error(verdict.kind);
    expect(verdict.failures[0]!.message).toBe(`${'bad '.repeat(75)}…`);
    expect(verdict.failures[1]!.message).toBe('refused by the service');
  });
});

describe('an answer of 500', () => {
  it('with results is taken row by row', () => {
    expect(
      answer(500, { success: false, results: [row(0, 'queue_failed'), { index: 1, success: true }] }),
    ).toMatchObject({ kind: 'delivered', failures: [{ index: 0, retryable: true }] });
  });

  it('without results has everything sent again', () => {
    expect(answer(500, { success: false, error: 'oops' })).toEqual({
      kind: 'retryable',
      scope: 'request',
      reason: 'HTTP 500',
    });
  });
});

describe('an answer of 413', () => {
  it('asks for a smaller request and says how small', () => {
    expect(answer(413, { success: false, error: 'too large', limit: 65536 })).toEqual({
      kind: 'tooLarge',
      limit: 65536,
    });
  });

  it.each([
    ['nothing', ''],
    ['HTML of a proxy', '<html>413</html>'],
    ['no limit', '{"success":false}'],
    ['a limit of 0', '{"limit":0}'],
    ['a negative limit', '{"limit":-1}'],
    ['a limit that is no number', '{"limit":"512 KiB"}'],
    ['a limit that is null', '{"limit":null}'],
    ['a limit that is true', '{"limit":true}'],
  ])('with %s states no limit', (_what, body) => {
    expect(answer(413, body)).toEqual({ kind: 'tooLarge' });
  });
});

it('an answer of 401 is about the token, whatever else it says', () => {
  expect(answer(401)).toEqual({ kind: 'unauthorized' });
  expect(answer(401, { error: 'no' }, { 'x-should-retry': 'true' })).toEqual({ kind: 'unauthorized' });
});

describe('a status', () => {
  it.each([400, 415, 422])('%i is final', (status) => {
    expect(answer(status, { success: false, error: 'no such thing' })).toEqual({
      kind: 'rejected',
      status,
      message: 'no such thing',
    });
  });

  it.each([408, 409, 500, 501, 502, 504, 520, 599])('%i is bad luck of this request', (status) => {
    expect(answer(status)).toEqual({ kind: 'retryable', scope: 'request', reason: `HTTP ${status}` });
  });

  it.each([429, 503])('%i is about the service, not the events', (status) => {
    expect(answer(status)).toEqual({ kind: 'retryable', scope: 'service', reason: `HTTP ${status}` });
  });

  it.each([301, 304, 402, 403, 404, 405, 410])('%i is about the way to the service', (status) => {
    expect(answer(status)).toEqual({ kind: 'retryable', scope: 'way', reason: `HTTP ${status}` });
  });

  it.each([408, 409, 429, 500, 502, 503, 504])('%i carries the time the service asks for', (status) => {
    expect(answer(status, '', { 'retry-after': '3' })).toMatchObject({ afterMs: 3000 });
    expect(answer(status, '', { 'retry-after-ms': '250' })).toMatchObject({ afterMs: 250 });
  });

  it('that is usually final is retried when the service says so', () => {
    expect(answer(400, '', { 'x-should-retry': 'true' })).toMatchObject({ kind: 'retryable', reason: 'HTTP 400' });
  });

  it('that is usually retried is final when the service says so', () => {
    for (const status of [408, 429, 500, 503]) {
      expect(answer(status, '', { 'x-should-retry': 'false' })).toMatchObject({ kind: 'rejected', status });
    }
  });

  it('is judged as usual where x-should-retry says anything else', () => {
    expect(answer(400, '', { 'x-should-retry': 'yes' }).kind).toBe('rejected');
    expect(answer(503, '', { 'x-should-retry': '' }).kind).toBe('retryable');
  });
});

describe('the message of a refusal', () => {
  it.each([
    ['error', { error: 'from error', message: 'from message' }, 'from error'],
    ['message', { message: 'from message' }, 'from message'],
    ['the status, where the body is no JSON', '<html>', 'HTTP 400'],
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
    expect(judgeFailure(withCode(code))).toEqual({ kind: 'retryable', scope: 'service', reason: code });
  });

  it.each(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_BODY_TIMEOUT', 'request timeout'])(
    'by %s had bad luck',
    (code) => {
      expect(judgeFailure(withCode(code))).toEqual({ kind: 'retryable', scope: 'request', reason: code });
    },
  );

  it('is read through the wrapping of fetch', () => {
    const error = new TypeError('fetch failed', { cause: withCode('ECONNREFUSED') });
    expect(judgeFailure(error)).toMatchObject({ scope: 'service', reason: 'ECONNREFUSED' });
  });

  it('is read through an AggregateError, as connecting to several addresses gives, wrapped or not', () => {
    const several = new AggregateError([withCode('ECONNREFUSED'), withCode('ECONNREFUSED')]);
    expect(judgeFailure(several)).toMatchObject({ scope: 'service', reason: 'ECONNREFUSED' });
    expect(judgeFailure(new TypeError('fetch failed', { cause: several }))).toMatchObject({ reason: 'ECONNREFUSED' });
  });

  it('is named by its error where there is no code, and never by a message, which may hold addresses', () => {
    expect(judgeFailure(new TypeError('fetch failed at 10.0.0.7'))).toMatchObject({
      scope: 'request',
      reason: 'TypeError',
    });
    expect(judgeFailure('10.0.0.7')).toMatchObject({ scope: 'request', reason: 'no answer' });
    expect(judgeFailure(undefined)).toMatchObject({ scope: 'request', reason: 'no answer' });
  });

  it('is read to an end even if its causes go in a circle', () => {
    const error = new Error('a');
    error.cause = error;
    expect(judgeFailure(error)).toMatchObject({ reason: 'Error' });
  });
});
