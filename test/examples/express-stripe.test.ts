import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';

const TIMEOUT_MS = 300_000;

function start(...args: string[]): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', 'examples/express-stripe/main.ts', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** The numbers in a line of the table. */
function numbers(output: string, label: string): number[] {
  const line = output.split('\n').find((candidate) => candidate.trim().startsWith(label));
  return (
    line
      ?.trim()
      .slice(label.length)
      .match(/[\d.]+/g) ?? []
  ).map(Number);
}

function number(output: string, label: string): number {
  return numbers(output, label)[0] ?? Number.NaN;
}

describe.concurrent('the Express example', () => {
  it('counts every purchase once and for the right variant, and exits', { timeout: TIMEOUT_MS }, async () => {
    const child = start('--once');
    const [output, errors, [code]] = await Promise.all([
      text(child.stdout!),
      text(child.stderr!),
      once(child, 'exit') as Promise<[number | null]>,
    ]);

    expect(errors).not.toContain('WRONG');
    expect(code, errors).toBe(0);
    // The simulated visitors and their decisions are the same in every run.
    expect(output).toContain(
      `All 93 purchases arrived, each once. ${32 + 44} sessions converted, each for the variant its visitor saw.`,
    );
    expect(numbers(output, 'classic').slice(0, 3)).toEqual([121, 121, 32]);
    expect(numbers(output, 'one_page').slice(0, 3)).toEqual([119, 119, 44]);
    expect(number(output, 'counted')).toBe(32 + 44);
    expect(number(output, 'repeat_in_session')).toBe(93 - 32 - 44);
    expect(number(output, 'not_a_goal')).toBe(240);
    expect(number(output, 'accepted')).toBe(240 + 93);
    // Two of five payments are reported twice.
    expect(number(output, 'webhooks answered 200')).toBe(93 + 19 + 18);
    expect(number(output, 'duplicates removed')).toBe(19 + 18);
    expect(number(output, 'page views and purchases sent')).toBe(240 + 93 + 19 + 18);
    expect(output).toContain('tampered signature, answered 400');
  });

  it('stays open until Ctrl-C and leaves cleanly', { timeout: TIMEOUT_MS }, async () => {
    const child = start();
    const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
    let output = '';
    for await (const chunk of child.stdout!) {
      output += chunk;
      if (output.includes('A visitor saw ') && !child.killed) child.kill('SIGINT');
    }

    expect(await exited).toEqual([0, null]);
    expect(output).toMatch(/All events, and why they counted or not: +http:\/\/127\.0\.0\.1:\d+\n/);
    expect(output).toMatch(
      /The experiment and its results: +http:\/\/127\.0\.0\.1:\d+\/experiments\/checkout_redesign\n/,
    );
  });
});
