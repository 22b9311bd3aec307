import { describe, expect, it } from 'vitest';
import type { Route } from '../../../src/collector/http/route.js';
import { createRouter } from '../../../src/collector/http/router.js';

const route = (method: Route['method'], path: string): Route => ({
  method,
  path,
  accepts: 'nothing',
  handle: () => ({ status: 200, body: '' }),
});
const router = createRouter([
  route('GET', '/'),
  route('GET', '/things'),
  route('POST', '/things'),
  route('GET', '/things/:id'),
  route('GET', '/things/new'),
  route('POST', '/things/:id/stop'),
]);

describe('a request finds its route', () => {
  it.each([
    ['GET', '/', '/', {}],
    ['POST', '/things', '/things', {}],
    ['GET', '/things/42', '/things/:id', { id: '42' }],
    ['GET', '/things/a%2Fb%20c', '/things/:id', { id: 'a/b c' }],
    ['GET', '/things/new', '/things/new', {}],
    ['POST', '/things/42/stop', '/things/:id/stop', { id: '42' }],
  ] as const)('%s %s', (method, pathname, path, params) => {
    expect(router(method, pathname)).toMatchObject({ route: { method, path }, params });
  });

  it.each(['/thing', '/things/', '/things/%E0%A4%A', '/things/42/stop/now', '//', ''])('or 404: %s', (pathname) => {
    expect(router('GET', pathname)).toMatchObject({ answer: { status: 404 } });
  });

  it('or gets 405 with the allowed methods', () => {
    expect(router('DELETE', '/things')).toMatchObject({ answer: { status: 405, headers: { allow: 'GET, POST' } } });
    expect(router('GET', '/things/42/stop')).toMatchObject({ answer: { status: 405, headers: { allow: 'POST' } } });
  });
});
