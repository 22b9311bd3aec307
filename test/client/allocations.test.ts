import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

/** What each event of one tick has cost while it waits. */
interface Cost {
  readonly bytes: number;
  readonly functions: number;
  readonly promises: number;
  readonly resources: number;
}

// Counted, not timed, so that a busy machine changes nothing. A group of up to 256 events may cost a few of each.
const FEW = 0.1;

describe('an event that waits', () => {
  let cost: Cost;
  beforeAll(async () => {
    const file = fileURLToPath(new URL('children/allocations.ts', import.meta.url));
    // In a young generation of this size, nothing is collected while it counts.
    const flags = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=128'];
    const args = ['--no-warnings', '--import', 'tsx', ...flags, file];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    cost = JSON.parse(stdout) as Cost;
  });

  it('keeps no function', () => {
    expect(cost.functions).toBeLessThan(FEW);
  });

  it('keeps no promise', () => {
    expect(cost.promises).toBeLessThan(FEW);
  });

  it('has created no promise, timer or other asynchronous resource', () => {
    expect(cost.resources).toBeLessThan(FEW);
  });

  it('has allocated 1,200 to 1,700 bytes of heap, by the version of Node, and at most 2,400', () => {
    expect(cost.bytes).toBeGreaterThan(500);
    expect(cost.bytes).toBeLessThan(2_400);
  });
});
