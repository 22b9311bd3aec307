import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { ClientOptions } from '../../src/client/options.js';
import type { FetchLike } from '../../src/transport/transport.js';
import { type Heard, rig, trackMany, until } from '../support/client.js';
import { holdTime } from '../support/held-time.js';
import { json, type Received, type Script, scriptService, take } from '../support/scripted-service.js';
import { simulate } from '../support/simulated-service.js';

/** Both ways out: undici, and any `fetch`. */
const WAYS: readonly (readonly [name: string, options: ClientOptions])[] = [
  ['undici', {}],
  ['fetch', { fetch: globalThis.fetch as FetchLike }],
];

/** How fast held time passes while sockets work. */
const STEP_MS = 10;

/** A client whose service answers as `script` says until `isWell`, and takes everything from then on. */
async function ailing(script: Script, options: ClientOptions) {
  const state = { isWell: false };
  const service = await scriptService((received, response) =>
    state.isWell ? takeAll(received, response) : script(received, response),
  );
  const takeAll: Script = (received, response) => {
    for (const id of received.ids) taken.push(id);
    take(response, received);
  };
  const taken: string[] = [];
  const { client, outcomes, warnings } = await rig({ baseUrl: service.baseUrl, maxRetries: 2, ...options });
  return { service, state, taken, client, outcomes, warnings };
}

const ended = (outcomes: readonly Heard[], status: Heard['status']): number =>
  outcomes.filter((outcome) => outcome.status === status).length;

describe.each(WAYS)('an answer that is not the service’s own, read through %s,', (_way, options) => {
  it.each([
    [200, '<html>Please log in</html>'],
    [200, '{"ok":true}'],
    [204, ''],
    [301, ''],
    [308, ''],
    [400, '<html>The plain HTTP request was sent to HTTPS port</html>'],
    [400, '{"message":"Bad Request"}'],
    [401, '<html>Unauthorized</html>'],
    [403, '{"message":"Forbidden"}'],
    [413, '<html>Request Entity Too Large</html>'],
    [415, '{"error":"Unsupported Media Type"}'],
    [422, '{"success":"false"}'],
    [502, '<html>Bad Gateway</html>'],
  ])('ends no event with HTTP %i and %j: all wait, and are delivered once', async (status, body) => {
    const { service, state, taken, client, outcomes } = await ailing((_, response) => {
      const location = status < 400 && status >= 300 ? { location: 'http://127.0.0.1:9/' } : {};
      response.writeHead(status, { 'x-should-retry': 'false', ...location }).end(status === 204 ? undefined : body);
    }, options);
    const ids = trackMany(client, 20);
    const time = holdTime();
    const flushed = client.flush();
    // Enough requests to cut a batch of twenty down to single events, which a refusal would end.
    await time.until(() => service.received.length >= 10, STEP_MS);
    expect(outcomes).toEqual([]);
    state.isWell = true;
    expect(await time.settle(flushed, STEP_MS)).toEqual({
      delivered: 20,
      rejected: 0,
      dropped: 0,
      pending: 0,
      unknown: 0,
    });
    expect(taken.toSorted()).toEqual(ids.toSorted());
  });

  it('has a batch cut that a proxy finds too large; what passes alone is delivered, and what does not waits', async () => {
    const isLarge = ({ ids, body }: Received): boolean => ids.length > 3 || body.includes('huge');
    const { service, state, taken, client, outcomes } = await ailing((received, response) => {
      if (isLarge(received)) response.writeHead(413).end('<html>413</html>');
      else {
        taken.push(...received.ids);
        take(response, received);
      }
    }, options);
    const ids = trackMany(client, 10);
    client.track({ event: 'purchase', userId: 'v', distinctId: 'huge' });
    const time = holdTime();
    const flushed = client.flush();
    await time.until(
      () => taken.length >= 10 && service.received.some(({ ids: [only, ...more] }) => only === 'huge' && !more[0]),
      STEP_MS,
    );
    expect(taken.toSorted()).toEqual(ids.toSorted());
    expect(ended(outcomes, 'rejected') + ended(outcomes, 'dropped')).toBe(0);
    state.isWell = true;
    expect(await time.settle(flushed, STEP_MS)).toEqual({
      delivered: 11,
      rejected: 0,
      dropped: 0,
      pending: 0,
      unknown: 0,
    });
  });

  it.each([8, -8])('moves no event’s time, though its clock is %i days ahead', async (days) => {
    const date = new Date(Date.now() + days * 86_400_000).toUTCString();
    const { service, state, client } = await ailing((_, response) => {
      response.sendDate = false;
      response.writeHead(503, { date }).end('<html>Bad Gateway</html>');
    }, options);
    const before = Date.now();
    trackMany(client, 20);
    const flushed = client.flush();
    await until(() => service.received.length >= 1);
    state.isWell = true;
    expect(await flushed).toMatchObject({ delivered: 20, dropped: 0 });
    const sent = JSON.parse(service.received.at(-1)!.body) as { events: { time: number }[] };
    for (const { time } of sent.events) {
      expect(time).toBeGreaterThanOrEqual(before);
      expect(time).toBeLessThanOrEqual(Date.now());
    }
  });

  it('never sends the token or an event to where it points', async () => {
    const other = await scriptService((received, response) => take(response, received));
    for (const status of [301, 302, 303, 307, 308]) {
      const { service, client } = await ailing((_, response) => {
        response.writeHead(status, { location: `${other.origin}/api/v1/batch` }).end();
      }, options);
      trackMany(client, 1);
      void client.flush();
      await until(() => service.received.length >= 2);
      expect(await client.assign('x', { userId: 'v' })).toMatchObject({ reason: 'fallback' });
      expect(await client.flush({ timeoutMs: 0 })).toMatchObject({ delivered: 0, rejected: 0, dropped: 0 });
    }
    expect(other.received).toEqual([]);
  });

  it('is read no further than any answer of the service goes', async () => {
    const chunk = Buffer.alloc(1 << 20, 'x');
    let isStopped = false;
    const { state, client } = await ailing((_, response) => {
      response.on('close', () => {
        isStopped = true;
      });
      const write = (): void => {
        while (!response.destroyed) if (!response.write(chunk)) return void response.once('drain', write);
      };
      write();
    }, options);
    trackMany(client, 1);
    const time = holdTime();
    const flushed = client.flush();
    // It ends because the client stops reading: no time passes, so no deadline can end it.
    await time.until(() => isStopped);
    state.isWell = true;
    expect(await time.settle(flushed, STEP_MS)).toMatchObject({ delivered: 1 });
  });

  it('is no variant and no list of personalizations', async () => {
    const answers = [
      '<html>',
      '{"in_experiment":true,"variant_name":"b"}',
      '{"success":true}',
      '{"success":true,"in_experiment":"true"}',
    ];
    const service = await scriptService((_, response) => response.end(answers.shift() ?? '{"success":true}'));
    const { client } = await rig({ baseUrl: service.baseUrl, assignTimeoutMs: 5_000, ...options });
    for (const _ of [...answers]) {
      expect(await client.assign('x', { userId: 'v' })).toMatchObject({ inExperiment: false, reason: 'fallback' });
    }
    await expect(client.personalization({ userId: 'v' })).rejects.toMatchObject({ code: 'assignment_failed' });
  });
});

it('an experiment is unknown only if the service itself says so', async () => {
  const service = await scriptService(({ count }, response) =>
    count === 1
      ? json(response, 404, { success: false, error: 'no such experiment' })
      : response.writeHead(404).end('<html>'),
  );
  const { client } = await rig({ baseUrl: service.baseUrl, assignTimeoutMs: 5_000 });
  const asked = () => client.assign('x', { userId: 'v' });
  expect(await asked()).toMatchObject({ error: { message: expect.stringContaining('unknown experiment') } });
  expect(await asked()).toMatchObject({ error: { message: expect.stringContaining('check baseUrl') } });
});

describe('an answer that leaves rows of its batch open', () => {
  it.each<[string, (ids: readonly string[]) => object]>([
    ['accepts fewer than were sent', ({ length }) => ({ success: true, accepted: length - 1, failed: 0 })],
    [
      'names one row twice',
      (ids) => ({ success: true, results: ids.map((_, at) => ({ index: Math.max(1, at), success: true })) }),
    ],
    [
      'names a row that was not sent',
      (ids) => ({ success: true, results: ids.map((_, at) => ({ index: at + 1, success: true })) }),
    ],
    [
      'names only some',
      (ids) => ({ success: true, results: ids.slice(1).map((_, index) => ({ index, success: true })) }),
    ],
  ])('because it %s ends none of them: smaller requests find out', async (_what, answer) => {
    const ended: string[] = [];
    const service = await scriptService((received, response) => {
      if (received.ids.length === 1) return take(response, received);
      ended.push(...outcomes.map(({ distinctId }) => distinctId));
      json(response, 200, answer(received.ids));
    });
    const { client, outcomes } = await rig({ baseUrl: service.baseUrl, concurrency: 1 });
    const ids = trackMany(client, 6);
    expect(await client.flush()).toEqual({ delivered: 6, rejected: 0, dropped: 0, pending: 0, unknown: 0 });
    const alone = service.received.filter((received) => received.ids.length === 1).map((received) => received.ids[0]);
    expect(alone.toSorted(), 'each row was answered for alone').toEqual(ids.toSorted());
    expect(alone).toEqual(expect.arrayContaining(ended));
  });
});

describe('an answer in a content coding, on the way through undici,', () => {
  const CODINGS: readonly (readonly [coding: string, encode: (text: string) => Uint8Array])[] = [
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
    ['GZIP, br', (text) => brotliCompressSync(gzipSync(text))],
    ['identity', (text) => Buffer.from(text)],
  ];

  it.each(CODINGS)('is decoded from %s, though the request asks for none', async (coding, encode) => {
    const service = await scriptService(({ ids }, response) =>
      response
        .writeHead(200, { 'content-encoding': coding })
        .end(encode(JSON.stringify({ success: true, accepted: ids.length, failed: 0 }))),
    );
    const { client } = await rig({ baseUrl: service.baseUrl });
    trackMany(client, 3);
    expect(await client.flush()).toMatchObject({ delivered: 3 });
    expect(service.received[0]!.request.headers['accept-encoding']).toBe('identity');
  });

  it.each<[string, string, Uint8Array]>([
    ['a bomb', 'gzip', gzipSync(Buffer.alloc(64 << 20, ' '))],
    [
      'a bomb',
      'br',
      brotliCompressSync(Buffer.alloc(64 << 20, ' '), { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
    ],
    ['broken', 'gzip', Buffer.from('{"success":true}')],
    ['cut off', 'gzip', gzipSync('{"success":true}').subarray(0, 20)],
    ['unknown', 'compress', Buffer.from('{"success":true}')],
  ])('that is %s (%s) is no answer: the event waits', async (_what, coding, body) => {
    const { service, state, client, outcomes } = await ailing(
      (_, response) => response.writeHead(400, { 'content-encoding': coding }).end(body),
      {},
    );
    trackMany(client, 1);
    const time = holdTime();
    const flushed = client.flush();
    await time.until(() => service.received.length >= 2, STEP_MS);
    expect(outcomes).toEqual([]);
    state.isWell = true;
    expect(await time.settle(flushed, STEP_MS)).toMatchObject({ delivered: 1 });
  });
});

it.each(WAYS)('an answer behind a byte order mark is read through %s', async (_way, options) => {
  const service = await scriptService((_, response) => response.end('\uFEFF{"success":true}'));
  const { client } = await rig({ baseUrl: service.baseUrl, ...options });
  trackMany(client, 2);
  expect(await client.flush()).toMatchObject({ delivered: 2 });
});

describe('a fetch that was passed in', () => {
  it('may answer with nothing but a status, headers and text()', async () => {
    const text = async () => '{"success":true}';
    const { client } = await rig({ fetch: async () => ({ status: 200, headers: { get: () => null }, text }) });
    trackMany(client, 2);
    expect(await client.flush()).toMatchObject({ delivered: 2 });
  });

  it('is not believed when it has followed a redirect all the same', async () => {
    const answer = { status: 200, headers: { get: () => null }, text: async () => '{"success":true}' };
    let asked = 0;
    const { client, outcomes } = await rig({
      fetch: async () => {
        asked += 1;
        return { ...answer, redirected: asked < 3 };
      },
    });
    trackMany(client, 1);
    expect(await client.flush()).toMatchObject({ delivered: 1 });
    expect(asked).toBe(3);
    expect(outcomes).toHaveLength(1);
  });
});

it('a Retry-After date is measured by the clock of the server that sent it', async () => {
  const { client, requests, taken, pass } = simulate({
    flushIntervalMs: 0,
    random: () => 0,
    endingOf() {
      if (requests.length > 1) return 'ok';
      const anHourAgo = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
      const inHalfAMinute = new Date(anHourAgo + 30_000).toUTCString();
      const headers = { date: new Date(anHourAgo).toUTCString(), 'retry-after': inHalfAMinute };
      return { status: 503, page: true, headers };
    },
  });
  trackMany(client, 1);
  await pass(29_000);
  expect(requests, 'half a minute is not over').toHaveLength(1);
  await pass(2_000);
  expect(taken.size).toBe(1);
});
