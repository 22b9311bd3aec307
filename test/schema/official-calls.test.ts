import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { post, started } from '../collector/posting.js';
import { refusals } from './conforms.js';
import { readFixture } from './facts.js';
import { anyBody } from './official-calls.js';

const NOW = Date.UTC(2026, 0, 15, 12);
const schema = readFixture(
  JSON.parse(readFileSync(new URL('../fixtures/ingest-schema.json', import.meta.url), 'utf8')),
);
const variants = [{ name: 'C' }, { name: 'T' }];
const experiments = [
  { key: 'all', type: 'personalization' as const, variants, primary: 'purchase' },
  { key: 'shop', variants, primary: 'purchase', urls: ['/shop/**'] },
];

interface Names {
  readonly userId?: string | null;
  readonly externalId?: string | null;
  readonly email?: string | null;
}

/** Whether a person is named, which the documentation requires and the types do not. */
const namesSomebody = ({ userId, externalId, email }: Names): boolean => Boolean(userId ?? externalId ?? email);

describe('the collector accepts every call that the official types allow', () => {
  it.each([
    ['/track', 'track'],
    ['/identify', 'identify'],
  ])('%s', async (path, object) => {
    const collector = await started({ now: () => NOW });
    const body = anyBody(schema, object, NOW, { token: 'test_shop' }).filter(namesSomebody);
    await fc.assert(
      fc.asyncProperty(body, async (sent) => {
        expect(refusals(schema, object, sent)).toEqual([]);
        expect(await post(collector, path, sent)).toMatchObject({ status: 200, body: { success: true } });
      }),
    );
  });

  it('/batch, whose answer has a result for each row', async () => {
    const collector = await started({ now: () => NOW });
    const rows = fc.array(anyBody(schema, 'batchRow', NOW).filter(namesSomebody), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(rows, async (events) => {
        const answer = await post(collector, '/batch', { token: 'test_shop', events });
        expect(answer).toMatchObject({ status: 200, body: { success: true, accepted: events.length, failed: 0 } });
        expect(refusals(schema, 'batchResponse', answer.body)).toEqual([]);
        const { results } = answer.body as { results: unknown };
        expect(results).toEqual(events.map((_, index) => ({ index, success: true })));
      }),
    );
  });

  it('an assignment, whose answer is one of the two documented ones', async () => {
    const collector = await started({ now: () => NOW, experiments });
    const body = anyBody(schema, 'assignmentRequest', NOW, { token: 'exp_shop' });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('all', 'shop'), body, async (key, sent) => {
        const { status, body: answer } = await post(collector, `/experiments/assignments/${key}`, sent);
        expect(status).toBe(200);
        const isIn = (answer as { in_experiment: boolean }).in_experiment;
        expect(refusals(schema, isIn ? 'assigned' : 'notAssigned', answer)).toEqual([]);
      }),
    );
  });

  it('a request for personalizations, whose list is typed', async () => {
    const collector = await started({ now: () => NOW, experiments });
    await post(collector, '/experiments/assignments/all', { token: 'exp_shop', visitor_id: 'v' });
    const { status, body } = await post(collector, '/experiments/personalization', {
      token: 'exp_shop',
      visitor_id: 'v',
    });
    const { properties, ...answer } = body as { properties: unknown; personalizations: unknown[] };
    expect([status, properties, answer.personalizations.length]).toEqual([200, {}, 1]);
    expect(refusals(schema, 'personalizations', answer)).toEqual([]);
  });
});

describe('nulls of a call', () => {
  it('mean the same as missing fields', async () => {
    const collector = await started({ now: () => NOW });
    const row = { event: 'purchase', userId: 'v', distinctId: 'd' };
    const nulls = Object.fromEntries([...schema.get('batchRow')!.keys()].map((name) => [name, null]));
    await post(collector, '/batch', { token: 'test_shop', events: [{ ...nulls, ...row }] });
    expect(collector.events()).toEqual([{ ...row, time: NOW, receivedAt: NOW }]);
  });

  it('as track_impression record the impression, like the default', async () => {
    const collector = await started({ now: () => NOW, experiments });
    const question = { token: 'exp_shop', visitor_id: 'v', context: null, track_impression: null };
    await post(collector, '/experiments/assignments/all', question);
    expect(collector.events()).toHaveLength(1);
  });
});

describe('a batch whose rows are all queue_failed', () => {
  const events = ['a', 'b'].map((distinctId) => ({ event: 'purchase', userId: 'v', distinctId }));

  it('is answered by 500 with a result for each row', async () => {
    const collector = await started({ now: () => NOW });
    collector.faults.next({ kind: 'rows', code: 'queue_failed', share: 1 });
    expect(await post(collector, '/batch', { token: 'test_shop', events })).toMatchObject({
      status: 500,
      body: { success: false, accepted: 0, failed: 2, results: [{ code: 'queue_failed' }, { code: 'queue_failed' }] },
    });
  });

  it.each([
    ['another row is taken', { indexes: [0] }, events],
    ['another row is invalid', { indexes: [0] }, [events[0], {}]],
  ])('is answered by 207 if %s', async (_, which, rows) => {
    const collector = await started({ now: () => NOW });
    collector.faults.next({ kind: 'rows', code: 'queue_failed', ...which });
    expect(await post(collector, '/batch', { token: 'test_shop', events: rows })).toMatchObject({ status: 207 });
  });
});
