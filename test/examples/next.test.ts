import { describe, expect, it } from 'vitest';
import { runExample } from './run-example.js';

// A build of Next.js: half a minute on a quiet machine.
const TIMEOUT_MS = 180_000;

describe('the example next', () => {
  it('is built, started, and counts every purchase once and for the right variant', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { code, output, errors } = await runExample('next');
    expect(errors).not.toContain('WRONG');
    expect(code, errors + output).toBe(0);
    expect(output).toContain('All 16 purchases are there, each once');
  });
});
