import { describe, expect, it } from 'vitest';
import type { Answer } from '../../../src/collector/http/answer.js';
import { browserRoutes } from '../../../src/collector/http/browser-ingest.js';
import type { EventIngest } from '../../../src/collector/ingest/event-ingest.js';
import type { WireTrack } from '../../../src/protocol/wire.js';

const NOW = Date.UTC(2026, 0, 15, 12);
const VISITOR = '0b0b9c4e-6a8f-4a3e-9a52-0d9f0a3c7e11';

interface Posted {
  readonly answer: Answer;
  readonly kept: readonly WireTrack[];
  readonly refused: readonly string[];
}

/** Posts a body, as a value or as JSON, to a collector that knows the token `test_shop`. */
function post(body: unknown): Posted {
  const kept: WireTrack[] = [];
  const refused: string[] = [];
  const ingest: Pick<EventIngest, 'receive'> = {
    receive(token, work) {
      expect(token).toBe('test_shop');
      return work({ accept: (row) => void kept.push(row), refuse: (message) => void refused.push(message) }, NOW);
    },
  };
  const [route] = browserRoutes({ ingest, isKnownToken: (token) => token === 'test_shop' });
  const url = new URL('/ingest', 'http://127.0.0.1');
  // Through JSON, like a real body.
  const read: unknown = JSON.parse(typeof body === 'string' ? body : JSON.stringify(body));
  const answer = route!.handle({ url, params: {}, headers: {}, body: read });
  return { answer, kept, refused };
}

function postRows(...data: unknown[]): Posted {
  return post({ data, token: 'test_shop', is_manually_set_id: false });
}

/** A row like the browser SDK's. */
function row(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    event: 'Signed Up',
    distinct_id: 'd1',
    visitor_id: VISITOR,
    eventProperties: {},
    defaultProperties: { sid: '1700000000000' },
    ...overrides,
  };
}

describe('the route of the browser SDK', () => {
  it('is POST /ingest and reads a body of any content type', () => {
    const ingest = { receive: () => expect.unreachable() };
    const routes = browserRoutes({ ingest, isKnownToken: () => true });
    expect(routes).toMatchObject([{ method: 'POST', path: '/ingest', accepts: 'untyped-json' }]);
  });

  it('converts rows to those of the API, marked as the browser’s', () => {
    const { answer, kept } = postRows(
      row({
        eventProperties: { plan: 'annual', seats: 3, trial: true, tags: ['a', 'b'], coupon: null },
        userProperties: { email: 'a@example.org', zip: 12345, custom_properties: { tier: 1 }, consent: { ads: false } },
        defaultProperties: { sid: '1700000000000', page_hash: 1700000000001, webview: false, referrer: '' },
      }),
    );
    expect(answer).toEqual({ status: 200, body: { success: true, visitor_id: VISITOR } });
    expect(kept).toEqual([
      {
        byBrowser: true,
        event: 'Signed Up',
        userId: VISITOR,
        distinctId: 'd1',
        eventProperties: { plan: 'annual', seats: '3', trial: 'true', tags: '["a","b"]', coupon: null },
        userProperties: {
          email: 'a@example.org',
          zip: '12345',
          custom_properties: { tier: '1' },
          consent: { ads: 'false' },
        },
        defaultProperties: { sid: '1700000000000', page_hash: 1700000000001, webview: false },
      },
    ]);
  });

  it('accepts identifies and other names of the SDK with a $ as rows', () => {
    const events = ['$identify', '$identity_recovered', '$reset', '$experiment_impression', 'page_view'];
    const { kept } = postRows(...events.map((event, i) => row({ event, distinct_id: `d${i}` })));
    expect(kept.map(({ event }) => event)).toEqual(events);
  });

  it('accepts rows without properties or with null', () => {
    const bare = { event: 'a', visitor_id: VISITOR };
    const { kept } = postRows(bare, { ...bare, distinct_id: null, eventProperties: null, userProperties: null });
    expect(kept).toEqual([
      { byBrowser: true, event: 'a', userId: VISITOR },
      { byBrowser: true, event: 'a', userId: VISITOR },
    ]);
  });
});

describe('a bad row', () => {
  it.each<[string, unknown, string]>([
    ['that is null', null, 'an unnamed event: Invalid input'],
    ['without a name', row({ event: '' }), 'an unnamed event: event'],
    ['whose name is too long', row({ event: 'x'.repeat(1001) }), `${'x'.repeat(100)}: event`],
    // With the names of `track`, not the browser's.
    ['without a visitor', row({ visitor_id: undefined }), 'Signed Up: userId'],
    ['whose id is too long', row({ distinct_id: 'x'.repeat(401) }), 'Signed Up: distinctId'],
    ['whose properties are a list', row({ eventProperties: ['secret'] }), 'Signed Up: eventProperties'],
  ])('%s does not affect others, and is reported without its values', (_, bad, field) => {
    const { answer, kept, refused } = postRows(row(), bad, row({ distinct_id: 'd2' }));
    expect(answer).toMatchObject({ status: 200, body: { success: true, visitor_id: VISITOR } });
    expect(kept.map(({ distinctId }) => distinctId)).toEqual(['d1', 'd2']);
    expect(refused).toHaveLength(1);
    expect(refused[0]!.split(':').slice(0, 2).join(':')).toBe(field);
    expect(refused[0]).not.toContain('secret');
  });

  it('is never requested again, even if it was the only one', () => {
    const { answer, kept } = postRows(row({ event: '' }));
    expect(answer).toEqual({ status: 200, body: { success: true, visitor_id: undefined } });
    expect(kept).toEqual([]);
  });

  it('is stored without a property that is nested too deep', () => {
    const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const body = JSON.stringify({
      token: 'test_shop',
      data: [row({ eventProperties: { plan: 'annual', deep: '…' } })],
    });
    const { kept } = post(body.replace('"…"', nested));
    expect(kept).toMatchObject([{ event: 'Signed Up', eventProperties: { plan: 'annual' } }]);
    // Before Node 26 it is too deep to be serialised, and is dropped.
    expect([undefined, nested]).toContain(kept[0]?.eventProperties?.deep);
  });
});

describe('the answer', () => {
  it('names the visitor that was sent', () => {
    const { answer } = postRows(row({ visitor_id: undefined }), row({ visitor_id: 'a' }), row({ visitor_id: 'b' }));
    expect(answer.body).toEqual({ success: true, visitor_id: 'a' });
  });

  it.each<[number, string, unknown]>([
    [401, 'an unknown token', { data: [row()], token: 'test_other' }],
    [400, 'no token', { data: [row()] }],
    [400, 'no rows', { data: [], token: 'test_shop' }],
    [400, 'rows that are not a list', { data: {}, token: 'test_shop' }],
    [400, 'no object', []],
    [400, 'nothing', null],
    [413, 'a thousand rows and one', { data: Array.from({ length: 1001 }, () => row()), token: 'test_shop' }],
  ])('is %i to %s, and nothing is stored', (status, _, body) => {
    const { answer, kept, refused } = post(body);
    expect(answer).toMatchObject({ status, body: { success: false, error: expect.any(String) } });
    expect(kept).toEqual([]);
    expect(refused).toEqual([]);
  });
});
