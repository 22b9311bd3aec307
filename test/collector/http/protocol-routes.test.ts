import { describe, expect, it } from 'vitest';
import { MAX_EVENT_AGE_MS } from '../../../src/protocol/limits.js';
import { answered, post, postRows, row, started } from '../posting.js';

const NOW = Date.UTC(2026, 0, 15, 12);
const now = () => NOW;

describe('accepting rows', () => {
  it('accepts a batch and stores its rows in order with the time of receipt', async () => {
    const collector = await started({ now });
    const answer = await postRows(collector, row(), row({ distinctId: 'purchase:2', time: NOW - 5 }));
    expect(answer).toMatchObject({ status: 200, body: { success: true, accepted: 2, failed: 0 } });
    expect(collector.events()).toEqual([
      { ...row(), time: NOW, receivedAt: NOW },
      { ...row({ distinctId: 'purchase:2' }), time: NOW - 5, receivedAt: NOW },
    ]);
  });

  it('accepts a single track without a distinctId, and an identify', async () => {
    const collector = await started();
    const { distinctId: _, ...single } = row();
    expect(await post(collector, '/track', { token: 'test_shop', ...single })).toMatchObject({ status: 200 });
    const identify = { token: 'test_shop', userId: 'v', userProperties: { email: 'a@example.org' } };
    expect(await post(collector, '/identify', identify)).toMatchObject({ status: 200, body: { success: true } });
    expect(collector.events().map(({ event }) => event)).toEqual(['purchase', '$identify']);
  });

  it('stores the first row of a distinctId, and answers later ones with success', async () => {
    const collector = await started();
    await postRows(collector, row({ eventProperties: { value: '1' } }));
    const again = await postRows(collector, row({ eventProperties: { value: '2' } }));
    expect(again).toMatchObject({ status: 200, body: { accepted: 1, failed: 0 } });
    expect(collector.events()).toHaveLength(1);
    expect(collector.events()[0]?.eventProperties).toEqual({ value: '1' });
    expect(collector.duplicates).toBe(1);
  });

  it('refuses only invalid rows, naming the field and never the value', async () => {
    const collector = await started();
    const answer = await postRows(
      collector,
      row(),
      row({ distinctId: undefined }),
      row({ distinctId: 'a', eventProperties: { diagnosis: 42 } }),
      row({ distinctId: 'b', userId: undefined }),
      row({ distinctId: 'c', event: '$purchase' }),
      null,
    );
    expect(answer).toMatchObject({ status: 207, body: { success: false, accepted: 1, failed: 5 } });
    const { results } = answer.body as { results: { index: number; success: boolean; message?: string }[] };
    expect(results.map(({ success }) => success)).toEqual([true, false, false, false, false, false]);
    expect(results.map(({ message }) => message?.split(':')[0])).toEqual([
      undefined,
      'distinctId',
      'eventProperties.diagnosis',
      'userId, externalId or email is required',
      'event',
      'Invalid input',
    ]);
    expect(JSON.stringify(results)).not.toContain('42');
  });

  it('accepts times from seven days ago to one second ahead, by its own clock', async () => {
    const collector = await started({ now });
    const times = [NOW - MAX_EVENT_AGE_MS, NOW + 1000, NOW - MAX_EVENT_AGE_MS - 1, NOW + 1001];
    const answer = await postRows(collector, ...times.map((time, i) => row({ time, distinctId: `d${i}` })));
    expect(answer.body).toMatchObject({
      results: [
        { success: true },
        { success: true },
        { success: false, code: 'invalid_event', message: 'time: older than 7 days' },
        { success: false, code: 'invalid_event', message: 'time: in the future by the service’s clock' },
      ],
    });
  });

  it('accepts a name that is not allowed, and shows so only in its report', async () => {
    const collector = await started({ allowedEvents: ['Refund'] });
    expect(await postRows(collector, row(), row({ event: 'refund', distinctId: 'r' }))).toMatchObject({ status: 200 });
    expect(collector.report().events.map(({ verdict }) => verdict)).toEqual(['not_allowlisted', 'not_a_goal']);
  });

  it('stamps its answers with its own clock', async () => {
    const collector = await started({ now });
    expect((await postRows(collector, row())).headers.get('date')).toBe('Thu, 15 Jan 2026 12:00:00 GMT');
  });
});

describe('refusing whole requests', () => {
  it.each([
    ['malformed JSON', '{"token":"test_shop","events":['],
    ['a body that is not an object', '[]'],
    ['events that are not an array', { token: 'test_shop', events: {} }],
    ['an empty batch', { token: 'test_shop', events: [] }],
    ['no token', { events: [row()] }],
  ])('answers 400 to %s', async (_, body) => {
    const collector = await started();
    expect(await post(collector, '/batch', body)).toMatchObject({ status: 400, body: { success: false } });
    expect(collector.events()).toEqual([]);
  });

  it('shows a refused identify like a refused event', async () => {
    const seen: unknown[] = [];
    const collector = await started({ observe: (arrival) => void seen.push(arrival) });
    await post(collector, '/identify', { token: 'test_shop', userId: 'v' });
    expect(seen).toMatchObject([{ kind: 'refused', message: expect.stringMatching(/^\$identify: userProperties: /) }]);
    await expect(collector.waitFor({ event: '$identify' }, { timeoutMs: 10 })).rejects.toThrow('1 refused');
  });

  it('answers 400 to an identify without userProperties', async () => {
    const collector = await started();
    expect(await post(collector, '/identify', { token: 'test_shop', userId: 'v' })).toMatchObject({ status: 400 });
  });

  it('answers 401 to unknown tokens and tokens of the wrong kind', async () => {
    const collector = await started({ tokens: ['test_shop', 'exp_shop'] });
    for (const token of ['test_other', 'exp_shop']) {
      expect(await post(collector, '/track', { token, ...row() })).toMatchObject({ status: 401 });
    }
    for (const token of ['exp_other', 'test_shop']) {
      expect(await post(collector, '/experiments/personalization', { token, visitor_id: 'v' })).toMatchObject({
        status: 401,
      });
    }
  });

  it('answers 404 to unknown paths and experiments', async () => {
    const collector = await started();
    expect(await post(collector, '/nowhere', {})).toMatchObject({ status: 404 });
    for (const key of ['nowhere', '%E0%A4%A', '__proto__']) {
      const request = { token: 'exp_shop', visitor_id: 'v' };
      expect(await post(collector, `/experiments/assignments/${key}`, request)).toMatchObject({ status: 404 });
    }
  });

  it('answers 405 with the allowed method', async () => {
    const collector = await started();
    const answer = await answered(await fetch(`${collector.baseUrl}/batch`));
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it('answers 413 with the limit', async () => {
    const collector = await started({ maxBatchRows: 2, maxBatchBytes: 1000 });
    const rows = ['a', 'b', 'c'].map((distinctId) => row({ distinctId }));
    expect(await postRows(collector, ...rows)).toMatchObject({ status: 413, body: { success: false, limit: 2 } });
    const large = row({ eventProperties: { note: 'x'.repeat(1000) } });
    expect(await postRows(collector, large)).toMatchObject({ status: 413, body: { success: false, limit: 1000 } });
    expect(collector.events()).toEqual([]);
  });

  it('answers 415 to other content types than JSON', async () => {
    const collector = await started();
    const response = await fetch(`${collector.baseUrl}/batch`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(415);
  });
});

describe('counting', () => {
  it('counts requests by path, successful or not, and connections', async () => {
    const collector = await started();
    await postRows(collector, row());
    await post(collector, '/batch', 'nonsense');
    await post(collector, '/track', {});
    expect([collector.requests, collector.requestsTo('/batch'), collector.requestsTo('/identify')]).toEqual([3, 2, 0]);
    expect(collector.sockets).toBeGreaterThan(0);
  });

  it('passes every row to its observer', async () => {
    const kinds: string[] = [];
    const collector = await started({ observe: ({ kind }) => kinds.push(kind) });
    await postRows(collector, row(), row(), {});
    expect(kinds).toEqual(['accepted', 'duplicate', 'refused']);
  });
});
