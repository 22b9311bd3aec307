import { describe, expect, it } from 'vitest';
import { runExample } from './run-example.js';

// Each example reports the result of its audit (audit.test.ts), which compares the collector's counts with the visitors'.
describe.concurrent.each(['fastify', 'lambda'])('the example %s', (name) => {
  it('counts every purchase once and for the right variant', { timeout: 300_000 }, async () => {
    const { code, output, errors } = await runExample(name);
    expect(errors).not.toContain('WRONG');
    expect(code, errors).toBe(0);
    // The simulated visitors and their decisions are the same in every run.
    expect(output).toContain('All 16 purchases arrived, each once');
  });
});
