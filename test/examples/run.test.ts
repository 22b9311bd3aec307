import { describe, expect, it } from 'vitest';
import { runExample } from './run-example.js';

const NAMES = 'express-stripe | fastify | hono-workers | lambda | next | worker-postgres';

describe('npm run example', () => {
  it.each([
    ['', `Which example? npm run example ${NAMES}\n`],
    ['expres', `There is no example 'expres'. npm run example ${NAMES}\n`],
    ['shop', `There is no example 'shop'. npm run example ${NAMES}\n`],
  ])('lists the examples for the name %j', async (name, errors) => {
    expect(await runExample(name)).toEqual({ code: 1, output: '', errors });
  });
});
