import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { contentTypeProblem, readBody } from '../../../src/collector/http/read-body.js';

/** A request whose body is written by the test. */
function requestWith(headers: Record<string, string> = {}) {
  const stream = new PassThrough();
  return { stream, request: Object.assign(stream, { headers }) as unknown as IncomingMessage };
}

describe('the body of a request', () => {
  it.each([
    ['json', '{"a":1}', { kind: 'read', value: { a: 1 } }],
    ['json', '', { kind: 'malformed' }],
    ['optional-json', '', { kind: 'read', value: undefined }],
    ['nothing', '{', { kind: 'read', value: undefined }],
    ['form', 'a=1&b=%20', { kind: 'read', value: new URLSearchParams({ a: '1', b: ' ' }) }],
  ] as const)('of a route that accepts %s is read from %j', async (accepts, text, expected) => {
    const { stream, request } = requestWith();
    stream.end(text);
    expect(await readBody(request, accepts, 100)).toEqual(expected);
  });

  it('may be as large as the limit, and no larger', async () => {
    for (const [text, kind] of [
      ['"123"', 'read'],
      ['"1234"', 'tooLarge'],
    ] as const) {
      const { stream, request } = requestWith();
      stream.end(text);
      expect(await readBody(request, 'json', 5)).toMatchObject({ kind });
    }
  });

  it('is refused by its announced length before it arrives', async () => {
    const { request } = requestWith({ 'content-length': '6' });
    expect(await readBody(request, 'json', 5)).toEqual({ kind: 'tooLarge' });
  });

  it('that breaks off is aborted, not malformed', async () => {
    const { stream, request } = requestWith();
    const body = readBody(request, 'json', 100);
    stream.write('{"a":');
    stream.destroy();
    expect(await body).toEqual({ kind: 'aborted' });
  });
});

describe('the content type of a request', () => {
  it.each([
    ['json', { 'content-type': 'Application/JSON; charset=utf-8' }, undefined],
    ['json', {}, 'expected content-type application/json'],
    ['json', { 'content-type': 'application/json', 'content-encoding': 'gzip' }, 'expected no content-encoding'],
    ['form', { 'content-type': 'application/json' }, 'expected content-type application/x-www-form-urlencoded'],
    ['optional-json', { 'content-length': '0' }, undefined],
    ['optional-json', { 'content-length': '2' }, 'expected content-type application/json'],
    ['untyped-json', { 'content-type': 'text/plain' }, undefined],
    ['nothing', { 'content-encoding': 'gzip' }, undefined],
  ] as const)('of a route that accepts %s with %j: %s', (accepts, headers, problem) => {
    expect(contentTypeProblem(requestWith({ ...headers }).request, accepts)).toBe(problem);
  });
});
