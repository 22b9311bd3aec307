import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Collector } from '../../../src/collector/index.js';
import { post, postRows, row, started } from '../posting.js';

/** Sends the start of a request and returns the first line of the answer, which must arrive before the rest is sent. */
async function statusLineAfter(collector: Collector, ...start: string[]): Promise<string> {
  const { hostname, port } = new URL(collector.url);
  const socket = connect(Number(port), hostname);
  socket.write(start.join('\r\n'));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return answer.toString().split('\r\n')[0]!;
}

const HEAD = ['POST /api/v1/batch HTTP/1.1', 'host: localhost', 'content-type: application/json'];

describe('malicious bodies', () => {
  it('refuses 50 MB before the body is sent if the length is stated', async () => {
    const collector = await started();
    const status = await statusLineAfter(collector, ...HEAD, 'content-length: 52428800', '', '');
    expect(status).toBe('HTTP/1.1 413 Payload Too Large');
  });

  it('refuses an endless body as soon as it passes the limit', async () => {
    const collector = await started({ maxBatchBytes: 1000 });
    const chunk = `${(1001).toString(16)}\r\n${'['.repeat(1001)}\r\n`;
    const status = await statusLineAfter(collector, ...HEAD, 'transfer-encoding: chunked', '', chunk);
    expect(status).toBe('HTTP/1.1 413 Payload Too Large');
  });

  it('lets a sender of 50 MB read the refusal, and keeps working', async () => {
    const collector = await started();
    expect(await post(collector, '/batch', ' '.repeat(50 * 1024 * 1024))).toMatchObject({ status: 413 });
    expect(await postRows(collector, row())).toMatchObject({ status: 200 });
  });

  it('refuses a million rows without validating them', async () => {
    const collector = await started({ maxBatchBytes: 16 * 1024 * 1024 });
    const answer = await post(collector, '/batch', `{"token":"test_shop","events":[${'1,'.repeat(999_999)}1]}`);
    expect(answer).toMatchObject({ status: 413, body: { limit: 100 } });
  });

  it('refuses JSON nested half a million deep', async () => {
    const collector = await started();
    expect(await post(collector, '/batch', '['.repeat(500_000))).toMatchObject({ status: 400 });
  });

  it('is not polluted by __proto__ keys', async () => {
    const collector = await started();
    const evil = `{"event":"purchase","userId":"v","distinctId":"d","__proto__":{"polluted":true},
      "eventProperties":{"__proto__":"x","a":"1"},"userProperties":{"__proto__":{"polluted":true}}}`;
    await post(collector, '/batch', `{"token":"test_shop","events":[${evil}],"__proto__":{"polluted":true}}`);
    expect(collector.events()).toHaveLength(1);
    expect(collector.events()[0]?.eventProperties).toEqual({ a: '1' });
    expect(collector.events()[0]).not.toHaveProperty('polluted');
    expect({}).not.toHaveProperty('polluted');
  });

  it('refuses a row with an object that has a length instead of a string, and accepts the others', async () => {
    const collector = await started();
    const answer = await postRows(collector, row({ event: { length: { toString: '' } } }), row());
    expect(answer).toMatchObject({ status: 207, body: { accepted: 1, failed: 1 } });
    expect(await post(collector, '/track', { token: { length: { valueOf: 1 } } })).toMatchObject({ status: 400 });
  });

  it.each([20_000, 1_000, 65])('refuses one row nested %i levels deep, and takes the others', async (depth) => {
    const collector = await started();
    const deep = `${'['.repeat(depth)}${']'.repeat(depth)}`;
    const events = [row({ userProperties: { x: '…' } }), row({ distinctId: 'purchase:2' })];
    const answer = await post(collector, '/batch', JSON.stringify({ token: 'test_shop', events }).replace('"…"', deep));
    expect(answer).toMatchObject({ status: 207, body: { accepted: 1, failed: 1 } });
  });

  it('does not confuse two ids with lone surrogates', async () => {
    const collector = await started();
    const rows = ['\ud800', '\ud801'].map((half) => row({ distinctId: `a${half}` }));
    expect(await postRows(collector, ...rows)).toMatchObject({ status: 207, body: { accepted: 0, failed: 2 } });
  });

  it('remembers a limited number of paths', async () => {
    const collector = await started();
    const ask = (key: string) =>
      post(collector, `/experiments/assignments/${key}`, { token: 'exp_shop', visitor_id: 'v' });
    for (let i = 0; i < 1_200; i += 1) await ask(`unknown-${i}`);
    expect(collector.requests).toBe(1_200);
    expect(collector.requestsTo('/experiments/assignments/unknown-1199')).toBe(0);
  });

  it('shortens long property names in messages', async () => {
    const collector = await started();
    const answer = await postRows(collector, row({ eventProperties: { ['n'.repeat(100_000)]: 1 } }));
    expect(JSON.stringify(answer.body).length).toBeLessThan(500);
  });
});

describe('the listening address', () => {
  it('is this machine alone', async () => {
    const collector = await started();
    expect(new URL(collector.url).hostname).toBe('127.0.0.1');
    expect(collector.baseUrl).toBe(`${collector.url}/api/v1`);
  });

  it('is closed after disposal', async () => {
    const collector = await started();
    await collector[Symbol.asyncDispose]();
    await expect(fetch(collector.url)).rejects.toThrow('fetch failed');
    for (const ask of [collector.events, collector.report, () => collector.recent(1), () => collector.duplicates]) {
      expect(ask).toThrow(expect.objectContaining({ code: 'closed' }));
    }
  });
});
