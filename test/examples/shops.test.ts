import { describe, expect, it } from 'vitest';
import { runExample } from './run-example.js';

// What each example says is the word of its audit (audit.test.ts), which holds the collector's numbers against the visitors'.
describe.concurrent.each(['fastify', 'lambda'])('the example %s', (name) => {
  it('counts every purchase once and for the right variant', { timeout: 300_000 }, async () => {
    const { code, output, errors } = await runExample(name);
    expect(errors).not.toContain('WRONG');
    expect(code, errors).toBe(0);
    // Who comes, what they see and whether they buy is the same in every run.
    expect(output).toContain('All 16 purchases are there, each once');
  });
});
