import { describe, expect, it, vi } from 'vitest';
import OursPrivacy, { APIError, OursPrivacyError } from '../../src/compat/index.js';
import { createMemoryOutbox } from '../../src/outbox/memory.js';
import { compatRig, failureOf, openCompat, recordingLogger, TOKEN } from './service.js';

const purchase = { token: TOKEN, event: 'purchase', userId: 'v1', distinctId: 'purchase:1' };

describe('options', () => {
  it('the environment variables of the official SDK are read', async () => {
    const { collector } = await compatRig();
    vi.stubEnv('OURS_PRIVACY_BASE_URL', collector.baseUrl);
    vi.stubEnv('OURS_PRIVACY_LOG', 'off');
    const { client } = openCompat({});
    expect(client.logLevel).toBe('off');
    await client.track.event(purchase);
    expect(collector.events()).toHaveLength(1);
    vi.unstubAllEnvs();
  });

  it.each([
    [{ timeout: 0 }, 'timeout must be an integer from 1 to 600000; got 0.'],
    [{ timeout: '10s' }, 'timeout must be an integer from 1 to 600000; got a string.'],
    [{ maxRetries: -1 }, 'maxRetries must be an integer from 0 to 1000; got -1.'],
    [{ logger: {} }, 'logger must have a method warn(message), as the console has.'],
  ])('%j is refused by the constructor', (options, message) => {
    expect(() => new OursPrivacy(options as never)).toThrow(new OursPrivacyError(message));
  });

  it.each([
    [{ fetchOptions: {} }, 'fetchOptions of the client is ignored: proxies are read from HTTPS_PROXY'],
    [{ defaultHeaders: {} }, 'defaultHeaders of the client is ignored: pass a fetch that adds them'],
    [{ defaultQuery: {} }, 'defaultQuery of the client is ignored'],
    [{ baseUrl: 'https://a.example' }, "unknown option, which is ignored: 'baseUrl' (did you mean baseURL?)"],
    [{ logLevel: 'loud' }, 'logLevel must be one of off, error, warn, info, debug'],
  ])('%j is warned of once, with what to do', (options, message) => {
    const { warnings } = openCompat(options as never);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(message);
  });

  it.each([
    [{ maxRetries: 5 }, 'maxRetries of a call is ignored: set it on the client'],
    [{ idempotencyKey: 'k' }, 'set distinctId'],
    [{ headers: {} }, 'headers of a call is ignored'],
    [{ query: {} }, 'query of a call is ignored'],
    [{ fetchOptions: {} }, 'HTTPS_PROXY'],
  ])('%j of a call is warned of once, and the call goes on', async (options, message) => {
    const { client, warnings, collector } = await compatRig();
    await client.track.event(purchase, options);
    await client.track.event({ ...purchase, distinctId: 'purchase:2' }, options);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(message);
    expect(collector.events()).toHaveLength(2);
  });

  it('an invalid timeout of a call is an error of that call', async () => {
    const { client } = await compatRig();
    const error = await failureOf(client.track.event(purchase, { timeout: 1.5 }));
    expect(error.message).toContain('timeout must be an integer');
  });

  it('logLevel off and error silence warnings', () => {
    for (const logLevel of ['off', 'error'] as const) {
      expect(openCompat({ logLevel, defaultQuery: {} }).warnings).toEqual([]);
    }
  });

  it('logLevel debug logs names and sizes, and no values', async () => {
    const lines: string[] = [];
    const logger = { ...recordingLogger([]), debug: (line: string) => void lines.push(line) };
    const { client } = await compatRig({ logLevel: 'debug', logger });
    await client.track.event({ ...purchase, eventProperties: { secret: 'sugar' } });
    expect(lines.join('\n')).toContain('purchase');
    expect(lines.join('\n')).not.toContain('sugar');
  });

  it('a fetch of your own is used', async () => {
    const urls: string[] = [];
    const { client } = await compatRig({
      fetch: (url, init) => {
        urls.push(url);
        return fetch(url, init as RequestInit);
      },
    });
    await client.track.event(purchase);
    expect(urls).toHaveLength(1);
    expect(urls[0]).toMatch(/\/batch$/);
  });
});

describe('outbox', () => {
  it('holds the events of one token; a call with another token fails and says what to do', async () => {
    const outbox = createMemoryOutbox();
    const { client, collector } = await compatRig({ outbox }, {});
    await client.track.event(purchase);
    const error = await failureOf(client.track.event({ ...purchase, token: 'test_blog' }));
    expect(error).toBeInstanceOf(APIError);
    expect(error.message).toContain('create a second client with an outbox of its own');
    expect(collector.events()).toHaveLength(1);
  });
});

describe('withOptions', () => {
  it('shares queues where only the timeout differs', async () => {
    const { client, collector } = await compatRig();
    await client.track.event(purchase);
    const patient = client.withOptions({ timeout: 60_000 });
    expect(patient.timeout).toBe(60_000);
    await patient.track.event({ ...purchase, distinctId: 'purchase:2' });
    expect(collector.events()).toHaveLength(2);
    expect(await client.flush()).toMatchObject({ delivered: 2 });
  });

  it('takes another address, and the same one again without another queue', async () => {
    const { client, collector } = await compatRig();
    const other = await compatRig();
    const elsewhere = () => client.withOptions({ baseURL: other.collector.baseUrl });
    for (const distinctId of ['a', 'b']) await elsewhere().track.event({ ...purchase, distinctId });
    expect([collector.events().length, other.collector.events().length]).toEqual([0, 2]);
    expect(await elsewhere().flush()).toMatchObject({ delivered: 2 });
    expect(await client.flush()).toMatchObject({ delivered: 0 });
  });
});

describe('flush and close', () => {
  it('report what became of the events of all tokens', async () => {
    const { client } = await compatRig({}, {});
    for (const token of ['shop', 'blog']) client.track.event({ ...purchase, token, distinctId: token });
    expect(await client.flush()).toMatchObject({ delivered: 2, pending: 0 });
    expect(await client.close()).toMatchObject({ delivered: 2 });
    const error = await failureOf(client.track.event(purchase));
    expect(error.message).toBe('The client was closed before this call.');
  });

  it('await using closes the client', async () => {
    const { client, collector } = await compatRig();
    {
      await using closing = client;
      closing.track.event(purchase);
    }
    expect(collector.events()).toHaveLength(1);
  });
});

it.each(['request', 'get', 'post', 'put', 'patch', 'delete'] as const)('%s has no counterpart', async (method) => {
  const { client } = await compatRig();
  expect((await failureOf(client[method]())).message).toContain('use track.event');
});

it('the classes are properties of the client, as in the official SDK', () => {
  expect(new OursPrivacy.BadRequestError(400, 'no')).toBeInstanceOf(OursPrivacy.APIError);
  expect(new OursPrivacy.APIConnectionTimeoutError({ message: 'late' })).toBeInstanceOf(OursPrivacy.APIConnectionError);
  expect([OursPrivacy.OursPrivacy, OursPrivacy.DEFAULT_TIMEOUT]).toEqual([OursPrivacy, 10_000]);
});
