import { describe, expect, it } from 'vitest';
import { runExample } from './run-example.js';

const { POSTGRES_URL } = process.env;

describe.skipIf(POSTGRES_URL === undefined)('the example worker-postgres', () => {
  it('delivers every order that was committed once, and none that was taken back', { timeout: 60_000 }, async () => {
    const { code, output, errors } = await runExample('worker-postgres', { POSTGRES_URL: POSTGRES_URL! });
    expect(errors).not.toContain('WRONG');
    expect(code, errors).toBe(0);
    expect(output).toContain('All 16 purchases are there, each once');
    expect(output).toMatch(/\b56 delivered, 0 rejected, 0 dropped; 0 left in the outbox/);
  });
});
