import { describe, expect, it } from 'vitest';
import { runExample } from './run-example.js';

// One after the other: each builds the package into the same folder.
describe.each([
  { name: 'hono-workers', where: 'in workerd', timeout: 300_000 },
  // Twenty seconds on an idle machine, half of them for the build.
  { name: 'next', where: 'after `next build`, in `next start`', timeout: 600_000 },
])('the example $name', ({ name, where, timeout }) => {
  it(`counts every purchase once and for the right variant, ${where}`, { timeout }, async () => {
    const { code, output, errors } = await runExample(name);
    expect(errors).not.toContain('WRONG');
    expect(code, errors + output).toBe(0);
    // The simulated visitors and their decisions are the same in every run.
    expect(output).toContain('All 16 purchases arrived, each once');
  });
});
