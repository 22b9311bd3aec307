import { describe, expect, it } from 'vitest';
import { runExample } from './run-example.js';

const { POSTGRES_URL } = process.env;

describe('the example worker-postgres, without its database,', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    ['no URL is set', {}, /^Set POSTGRES_URL to a database .*\n$/],
    ['the URL is invalid', { POSTGRES_URL: 'shop' }, /^Set POSTGRES_URL to a database .*\n$/],
    [
      'it cannot be reached',
      { POSTGRES_URL: 'postgres://x:hunter2@localhost:1/shop' },
      /^The database of POSTGRES_URL cannot be used: .*ECONNREFUSED.*\n$/,
    ],
  ])('exits with 1 and one sentence if %s', async (_, env, said) => {
    expect(await runExample('worker-postgres', env)).toEqual({
      code: 1,
      output: '',
      errors: expect.stringMatching(said),
    });
  });
});

describe.skipIf(POSTGRES_URL === undefined)('the example worker-postgres', () => {
  it('delivers every committed order once, and none that was rolled back', { timeout: 300_000 }, async () => {
    const { code, output, errors } = await runExample('worker-postgres', { POSTGRES_URL: POSTGRES_URL! });
    expect(errors).not.toContain('WRONG');
    expect(code, errors).toBe(0);
    expect(output).toContain('All 16 purchases arrived, each once');
    expect(output).toMatch(/\b56 delivered, 0 rejected, 0 dropped; 0 left in the outbox/);
  });
});
