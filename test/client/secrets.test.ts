import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/core/outcome.js';
import type { FetchLike } from '../../src/transport/transport.js';
import { answer, clientWith, EXPERIMENT_TOKEN, TOKEN } from '../support/clients.js';

const EMAIL = 'ada.lovelace@example.org';

/** A service that repeats what it was sent in its complaint. */
const quoting =
  (status: number, answerOf: (complaint: string) => object): FetchLike =>
  async (_url, { body }) =>
    answer(status, answerOf(`cannot take ${body} of ${EMAIL} with token ${TOKEN}`));

const services: Record<string, FetchLike> = {
  '400': quoting(400, (error) => ({ success: false, error })),
  '401': quoting(401, (error) => ({ success: false, error })),
  '403': quoting(403, (message) => ({ message })),
  '413': quoting(413, (error) => ({ success: false, error })),
  '207 with a row it refuses': quoting(207, (message) => ({
    success: false,
    results: [{ index: 0, success: false, code: 'invalid_event', message: message.slice(-150) }],
  })),
  '400 that breaks off within the token': quoting(400, () => ({
    error: `${'x '.repeat(145)}${TOKEN}`,
  })),
  '500': quoting(500, (error) => ({ success: false, error })),
  '503': quoting(503, (error) => ({ success: false, error })),
  'a page of HTML': quoting(200, (html) => [html]),
  'a broken connection': async (_url, { body }) => {
    throw Object.assign(new Error(`cannot send ${body}`), { code: 'ECONNRESET' });
  },
};

/** Everything that somebody may print of a value. */
const printed = (value: unknown): string =>
  [inspect(value, { depth: 10, showHidden: true, getters: true }), JSON.stringify(value) ?? '', String(value)].join(
    '\n',
  );

function expectNoToken(value: unknown): void {
  for (const text of [printed(value), typeof value === 'object' && value !== null ? printed({ ...value }) : '']) {
    // Half of a token is too much already.
    expect(text).not.toContain(TOKEN.slice(0, 8));
    expect(text).not.toContain(EXPERIMENT_TOKEN.slice(0, 8));
  }
}

describe.each(Object.entries(services))('with a service that answers %s', (_name, fetch) => {
  it('no token is in the client, an outcome, an error or the log, and no person in the log', async () => {
    const outcomes: Outcome[] = [];
    const { client, said } = clientWith({
      fetch,
      maxRetries: 1,
      onOutcome: (outcome) => outcomes.push(outcome),
    });
    const receipts = [
      client.track({
        event: 'purchase',
        email: EMAIL,
        eventProperties: { note: EMAIL },
        userProperties: { email: EMAIL },
      }),
      client.track({ event: '$bad', email: EMAIL }),
      client.track({ event: 'purchase', email: EMAIL, time: 1 }),
    ];
    const visitor = client.visitor({ userId: 'visitor-1', email: EMAIL });
    const assignment = await visitor.assign('checkout_redesign', { timeoutMs: 1000 });
    const personalization = await visitor.personalization({ timeoutMs: 1000 }).catch((error: unknown) => error);
    await client.flush({ timeoutMs: 50 });
    await client.close({ timeoutMs: 0 });
    const errors = await Promise.all(receipts.map((receipt) => receipt.stored().catch((error: unknown) => error)));

    for (const value of [client, visitor, ...receipts, ...outcomes, assignment, personalization, ...errors]) {
      expectNoToken(value);
    }
    expectNoToken(said);
    expect(said.length).toBeGreaterThan(0);
    expect(said.join('\n')).not.toContain(EMAIL);
    expect(outcomes.filter(({ status }) => status === 'rejected').length).toBeGreaterThanOrEqual(2);
  });
});

describe('a client', () => {
  it('shows no token, whether it has just been made, has worked or is closed', async () => {
    const { client } = clientWith();
    expectNoToken(client);
    expectNoToken(client.visitor({ userId: 'visitor-1' }));
    await client.track({ event: 'purchase', userId: 'visitor-1' }).settled();
    expectNoToken(client);
    expectNoToken(await client.close());
    expectNoToken(client);
  });

  it('cannot be changed by those it is passed to', () => {
    const { client } = clientWith();
    expect(() => Object.assign(client, { track: () => undefined })).toThrow(TypeError);
  });

  it('sends the token in the body and nowhere else', async () => {
    const requests: { url: string; headers: Record<string, string>; body: string }[] = [];
    const { client } = clientWith({
      fetch: async (url, { headers, body }) => {
        requests.push({ url, headers, body });
        return answer(200, { success: true });
      },
    });
    client.identify({ userId: 'visitor-1' });
    await client.track({ event: 'purchase', userId: 'visitor-1' }).settled();
    expect(requests).toHaveLength(2);
    for (const { url, headers, body } of requests) {
      expect(JSON.parse(body).token).toBe(TOKEN);
      expect(url + JSON.stringify(headers)).not.toContain(TOKEN);
    }
  });
});
