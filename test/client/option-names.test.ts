import { describe, expect, it } from 'vitest';
import { httpHandler } from '../../src/adapters/azure.js';
import { visitorMiddleware as expressMiddleware } from '../../src/adapters/express.js';
import { visitorPlugin } from '../../src/adapters/fastify.js';
import { createFlagsAdapter } from '../../src/adapters/flags.js';
import { httpFunction } from '../../src/adapters/google-cloud.js';
import { visitorMiddleware as honoMiddleware } from '../../src/adapters/hono.js';
import { visitorMiddleware as koaMiddleware } from '../../src/adapters/koa.js';
import { lambdaHandler, sqsHandler } from '../../src/adapters/lambda.js';
import { nextVisitors } from '../../src/adapters/next.js';
import { createOursProvider } from '../../src/adapters/openfeature.js';
import { requestHandler } from '../../src/adapters/request.js';
import { createCollector } from '../../src/collector/index.js';
import { isOursError } from '../../src/core/errors.js';
import { createPostgresExposures } from '../../src/exposures/postgres.js';
import { createRedisExposures } from '../../src/exposures/redis.js';
import { createSqliteExposures } from '../../src/exposures/sqlite.js';
import { createPostgresOutbox } from '../../src/outbox/postgres/index.js';
import { createRedisOutbox } from '../../src/outbox/redis/index.js';
import { createSqliteOutbox } from '../../src/outbox/sqlite/index.js';
import { createRecordingClient } from '../../src/testing/index.js';
import { createWebhook, openVisitor, standardWebhook } from '../../src/webhooks/index.js';
import { stripeWebhook } from '../../src/webhooks/stripe/index.js';

const ours = createRecordingClient();
const client = { query: async () => ({ rows: [] }), call: async () => 0 } as never;
const keys = [new Uint8Array(32)];
const nothing = () => undefined as never;
const webhook = { ours, keys, provider: 'Shop', verify: nothing, conversions: nothing };
const stripe = { webhooks: { constructEventAsync: nothing } } as never;

describe('an option that nothing reads', () => {
  it.each<[string, string, (wrong: object) => unknown]>([
    ['createSqliteOutbox', 'maxQueueSize', (wrong) => createSqliteOutbox({ file: 'x.db', ...wrong })],
    ['createRedisOutbox', 'maxQueueSize', (wrong) => createRedisOutbox({ client, ...wrong })],
    ['createPostgresOutbox', 'table', (wrong) => createPostgresOutbox({ client, ...wrong })],
    ['createSqliteExposures', 'file', (wrong) => createSqliteExposures({ file: 'x.db', ...wrong })],
    ['createRedisExposures', 'name', (wrong) => createRedisExposures({ client, ...wrong })],
    ['createPostgresExposures', 'table', (wrong) => createPostgresExposures({ client, ...wrong })],
    ['the adapter', 'trustProxy', (wrong) => expressMiddleware(ours, wrong)],
    ['the adapter', 'trustProxy', (wrong) => visitorPlugin(ours, wrong)],
    ['the adapter', 'getConnInfo', (wrong) => honoMiddleware(ours, wrong)],
    ['the adapter', 'flushTimeoutMs', (wrong) => lambdaHandler(ours, nothing, wrong)],
    ['the adapter', 'visitorOf', (wrong) => sqsHandler(ours, nothing, { visitorOf: () => ({}), ...wrong })],
    ['the adapter', 'cookieNames', (wrong) => koaMiddleware(ours, wrong)],
    ['the adapter', 'flushTimeoutMs', (wrong) => httpHandler(ours, nothing, wrong)],
    ['the adapter', 'flushTimeoutMs', (wrong) => httpFunction(ours, nothing, wrong)],
    ['the adapter', 'keepQuery', (wrong) => nextVisitors(ours, { headers: nothing, after: nothing }, wrong)],
    ['the adapter', 'ipHeader', (wrong) => requestHandler(ours, nothing, wrong)],
    ['the adapter', 'experiments', (wrong) => createOursProvider(ours, wrong)],
    ['the adapter', 'keepQuery', (wrong) => createFlagsAdapter(ours, wrong)],
    ['cookieNames', 'visitor', (wrong) => expressMiddleware(ours, { cookieNames: wrong })],
    ['createWebhook', 'maxAgeMs', (wrong) => createWebhook({ ...webhook, ...wrong })],
    [
      'standardWebhook',
      'timeoutMs',
      (wrong) => standardWebhook({ ours, keys, conversions: nothing, verifier: { verify: nothing }, ...wrong }),
    ],
    [
      'stripeWebhook',
      'testMode',
      (wrong) => stripeWebhook({ ours: ours as never, keys, stripe, secret: 'whsec_1', ...wrong }),
    ],
    ['openVisitor', 'maxAgeMs', (wrong) => openVisitor('', keys, wrong)],
    ['createRecordingClient', 'variant', (wrong) => createRecordingClient(wrong)],
    ['createCollector', 'allowedEvents', (wrong) => createCollector(wrong)],
  ])('of %s is named with the one that was meant: %s', async (call, meant, make) => {
    const misspelt = `${meant.slice(0, -1)}_`;
    const error = await Promise.resolve()
      .then(() => make({ [misspelt]: 1 }))
      .then(
        () => undefined,
        (reason: unknown) => reason,
      );
    expect(isOursError(error)).toBe(true);
    expect(error).toMatchObject({
      code: 'invalid_option',
      message: `${call} has an unknown option: '${misspelt}' (did you mean ${meant}?).`,
    });
  });
});
