import { describe, expect, it } from 'vitest';
import { answerPreflight, corsHeaders } from '../../../src/collector/http/cors.js';

const SHOP = 'https://shop.example';
const OPEN = [
  '/ingest',
  '/api/v1/track',
  '/api/v1/identify',
  '/api/v1/batch',
  '/api/v1/experiments/assignments/checkout_redesign',
  '/api/v1/experiments/personalization',
  '/api/v1/openapi',
];
const CLOSED = [
  '/',
  '/visitors/1',
  '/experiments',
  '/experiments/checkout_redesign/stop',
  '/api/v1/experiments',
  '/api/v1/experiments/checkout_redesign/results',
  '/api/v1/experiments/assignments/a/b',
  '/api/v1/trackers',
  '/ingest/',
];
const PREFLIGHT = { origin: SHOP, 'access-control-request-method': 'POST' };

describe('pages of other origins', () => {
  it.each(OPEN)('may send to %s with their cookies and read the answer', (path) => {
    expect(corsHeaders(path, SHOP)).toEqual({
      vary: 'Origin',
      'access-control-allow-origin': SHOP,
      'access-control-allow-credentials': 'true',
    });
    expect(answerPreflight(path, PREFLIGHT)).toMatchObject({
      status: 200,
      headers: {
        ...corsHeaders(path, SHOP),
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': 'content-type',
        'access-control-max-age': '7200',
      },
    });
  });

  it.each(CLOSED)('may neither read %s nor post to it', (path) => {
    expect(corsHeaders(path, SHOP)).toEqual({});
    expect(answerPreflight(path, PREFLIGHT)).toBeUndefined();
  });

  it('are distinguished by caches', () => {
    expect(corsHeaders('/api/v1/openapi', undefined)).toEqual({ vary: 'Origin' });
  });
});

describe('an OPTIONS request', () => {
  it('is not a preflight without an origin and a method', () => {
    expect(answerPreflight('/ingest', { origin: SHOP })).toBeUndefined();
    expect(answerPreflight('/ingest', { 'access-control-request-method': 'POST' })).toBeUndefined();
  });
});
