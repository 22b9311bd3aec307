import { describe, expect, it } from 'vitest';
import type { Fault } from '../../../src/collector/index.js';
import { post, postRows, row, started } from '../posting.js';

describe('faults that accept nothing', () => {
  it('answers with a status, headers and a body of choice', async () => {
    const collector = await started();
    collector.faults.next({ kind: 'status', status: 503, headers: { 'retry-after': '7' }, body: { success: false } });
    const answer = await postRows(collector, row());
    expect(answer).toMatchObject({ status: 503, body: { success: false } });
    expect(answer.headers.get('retry-after')).toBe('7');
    expect(collector.events()).toEqual([]);
  });

  it('resets the connection', async () => {
    const collector = await started();
    collector.faults.next({ kind: 'reset' });
    await expect(postRows(collector, row())).rejects.toThrow('fetch failed');
    expect(collector.events()).toEqual([]);
  });

  it('answers 200 with HTML', async () => {
    const collector = await started();
    collector.faults.next({ kind: 'badJson' });
    await expect(postRows(collector, row())).rejects.toThrow(SyntaxError);
    expect(collector.events()).toEqual([]);
  });

  it('never answers, and still closes', async () => {
    const collector = await started();
    const decided = new Promise<void>((resolve) => {
      collector.faults.set(() => {
        resolve();
        return { kind: 'hang' };
      });
    });
    const failure = expect(postRows(collector, row())).rejects.toThrow('fetch failed');
    await decided;
    expect(collector.events()).toEqual([]);
    await collector.close();
    await failure;
  });
});

describe('faults that accept everything', () => {
  it('loses the answer', async () => {
    const collector = await started();
    collector.faults.next({ kind: 'resetAfter' });
    await expect(postRows(collector, row())).rejects.toThrow('fetch failed');
    expect(collector.events()).toHaveLength(1);
    expect(await postRows(collector, row())).toMatchObject({ status: 200 });
    expect(collector.duplicates).toBe(1);
  });

  it('breaks off the answer in the middle', async () => {
    const collector = await started();
    collector.faults.next({ kind: 'truncated' });
    await expect(postRows(collector, row())).rejects.toThrow('terminated');
    expect(collector.events()).toHaveLength(1);
  });

  it('sends nothing after the headers', async () => {
    const collector = await started();
    collector.faults.next({ kind: 'stallBody' });
    const response = await fetch(`${collector.baseUrl}/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: 'test_shop', events: [row()] }),
    });
    expect(response.status).toBe(200);
    const body = expect(response.text()).rejects.toThrow('terminated');
    expect(collector.events()).toHaveLength(1);
    await collector.close();
    await body;
  });

  it('waits first', async () => {
    const collector = await started();
    collector.faults.next({ kind: 'delay', ms: 1 });
    expect(await postRows(collector, row())).toMatchObject({ status: 200 });
  });

  it('ends a delay when it closes', async () => {
    const collector = await started();
    const decided = new Promise<void>((resolve) => {
      collector.faults.set(() => {
        resolve();
        return { kind: 'delay', ms: 3_600_000 };
      });
    });
    const failure = expect(postRows(collector, row())).rejects.toThrow('fetch failed');
    await decided;
    await collector.close();
    await failure;
  });
});

describe('faults in single rows', () => {
  const rows = ['a', 'b', 'c', 'd'].map((distinctId) => row({ distinctId }));

  it.each<[string, Fault, string[]]>([
    ['the named rows', { kind: 'rows', code: 'queue_failed', indexes: [0, 3] }, ['b', 'c']],
    ['a share of the rows', { kind: 'rows', code: 'invalid_event', share: 0.5 }, ['a', 'c']],
  ])('fails %s and accepts the others', async (_, fault, kept) => {
    const collector = await started();
    collector.faults.next(fault);
    expect(await postRows(collector, ...rows)).toMatchObject({ status: 207, body: { accepted: 2, failed: 2 } });
    expect(collector.events().map(({ distinctId }) => distinctId)).toEqual(kept);
  });
});

describe('planning faults', () => {
  const down: Fault = { kind: 'status', status: 503 };

  it('calls a function for each request, with its path, attempt and rows', async () => {
    const collector = await started();
    const asked: unknown[] = [];
    collector.faults.set((request) => {
      asked.push(request);
      return request.attempt < 2 ? down : undefined;
    });
    expect(await postRows(collector, row())).toMatchObject({ status: 503 });
    expect(await postRows(collector, row())).toMatchObject({ status: 200 });
    await post(collector, '/track', { token: 'test_shop', ...row() });
    expect(asked).toEqual([
      { path: '/batch', attempt: 1, rows: [row()] },
      { path: '/batch', attempt: 2, rows: [row()] },
      { path: '/track', attempt: 1 },
    ]);
  });

  it('uses up a list one request at a time', async () => {
    const collector = await started();
    collector.faults.set([down, undefined, down]);
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await postRows(collector, row())).status);
    expect(statuses).toEqual([503, 200, 503, 200]);
  });

  it('affects the given share of requests, by the given random numbers', async () => {
    const chances = [0.1, 0.9, 0.6, 0.3, 0.1];
    const collector = await started({ random: () => chances.shift() ?? 1 });
    collector.faults.random({ rate: 0.5, kinds: [{ kind: 'status', status: 500 }, down] });
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await postRows(collector, row())).status);
    expect(statuses).toEqual([503, 200, 500]);
    collector.faults.clear();
    expect(await postRows(collector, row())).toMatchObject({ status: 200 });
  });

  const wrong: [unknown, RegExp][] = [
    [{ kind: 'nope' }, /the kind 'nope'\. The kinds are status, delay, hang, .*rows/],
    [{ kind: 'toString' }, /The kinds are/],
    ['badJson', /got a string\. The kinds are/],
    [Promise.resolve({ kind: 'reset' }), /The kinds are/],
    [{ kind: 'status' }, /a status from 200 to 999/],
    [{ kind: 'status', status: 100 }, /a status from 200 to 999/],
    [{ kind: 'status', status: '503' }, /a status from 200 to 999/],
    [{ kind: 'status', status: 503, headers: { 'retry-after': 7 } }, /headers/],
    [{ kind: 'status', status: 503, headers: ['a b'] }, /headers/],
    [{ kind: 'status', status: 503, headers: { 'a b': 'x' } }, /headers/],
    [{ kind: 'status', status: 503, headers: { a: 'x\ny' } }, /headers/],
    [{ kind: 'status', status: 503, body: () => 1 }, /a body that is/],
    [{ kind: 'status', status: 503, body: Symbol('x') }, /a body that is/],
    [{ kind: 'status', status: 204, body: 'none' }, /no body: HTTP allows none with status 204/],
    [{ kind: 'status', status: 503, header: {} }, /unknown field: 'header' \(did you mean headers\?\)/],
    [{ kind: 'delay' }, /ms from 0/],
    [{ kind: 'delay', ms: Number.POSITIVE_INFINITY }, /ms from 0/],
    [{ kind: 'rows', code: 'nope', share: 1 }, /invalid_event, queue_failed/],
    [{ kind: 'rows', code: 'queue_failed' }, /either indexes.* or share/],
    [{ kind: 'rows', code: 'queue_failed', indexes: [0], share: 1 }, /either indexes.* or share/],
    [{ kind: 'rows', code: 'queue_failed', share: 30 }, /either indexes.* or share/],
  ];

  it('takes null for no fault, as undefined', async () => {
    const collector = await started();
    const none = null as unknown as undefined;
    const statuses = [];
    collector.faults.set([none, down]);
    for (let i = 0; i < 2; i++) statuses.push((await postRows(collector, row())).status);
    collector.faults.next(none);
    statuses.push((await postRows(collector, row())).status);
    collector.faults.set(() => none);
    statuses.push((await postRows(collector, row())).status);
    expect(statuses).toEqual([200, 503, 200, 200]);
  });

  it.each([204, 304])('answers %d without a body', async (status) => {
    const { faults, baseUrl } = await started();
    faults.next({ kind: 'status', status });
    const response = await fetch(`${baseUrl}/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: 'test_shop', events: [row()] }),
    });
    expect([response.status, await response.text()]).toEqual([status, '']);
  });

  it.each(wrong)('refuses %j, which is no fault, and says what is', async (fault, message) => {
    const { faults, baseUrl, events } = await started();
    const refusal = expect.objectContaining({ code: 'invalid_option', message: expect.stringMatching(message) });
    expect(() => faults.next(fault as Fault)).toThrow(refusal);
    expect(() => faults.set([{ kind: 'hang' }, fault as Fault])).toThrow(refusal);
    expect(() => faults.random({ rate: 1, kinds: [fault as Fault] })).toThrow(refusal);
    expect((await post({ baseUrl }, '/batch', { token: 'test_shop', events: [row()] })).status).toBe(200);
    faults.set(() => fault as Fault);
    const answer = await post({ baseUrl }, '/batch', { token: 'test_shop', events: [row({ distinctId: 'b' })] });
    expect(answer).toMatchObject({ status: 500, body: { error: expect.stringMatching(message) } });
    expect(events()).toHaveLength(1);
  });

  it.each([
    [{ rate: 2, kinds: [down] }, /rate must be a number from 0 to 1/],
    [{ rate: undefined, kinds: [down] }, /rate must be/],
    [{ rate: 1, kinds: [] }, /kinds must be an array of faults/],
    [{ rate: 1, kinds: 'badJson' }, /kinds must be an array of faults/],
    [{ rate: 1, kinds: [undefined] }, /The kinds are/],
    [{ rate: 1, kinds: [down], random: 0.5 }, /random must be a function/],
    [undefined, /needs an object { rate, kinds }; got nothing/],
  ])('refuses random faults by %j', async (options, message) => {
    const { faults } = await started();
    expect(() => faults.random(options as never)).toThrow(message);
    expect(() => faults.set(down as never)).toThrow(/a function or an array of faults; got an object/);
  });

  it('reports an error of the plan itself', async () => {
    const collector = await started();
    collector.faults.set(() => {
      throw new Error('my mistake');
    });
    const answer = await postRows(collector, row());
    expect(answer).toMatchObject({ status: 500, body: { error: 'the collector failed: Error: my mistake' } });
  });
});
