import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AttributionFile } from './attribution-format.js';
import type { BayesFile } from './bayes-format.js';
import { type ExitCode, runFiles } from './run.js';

const pathOf = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const read = (name: string) => JSON.parse(readFileSync(pathOf(name), 'utf8'));

/** Runs one file with this content. */
function run(content: unknown): { code: ExitCode; lines: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'fixtures-run-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'file.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  const lines: string[] = [];
  const code = runFiles([file], (line) => lines.push(line));
  return { code, lines: lines.map((line) => line.replace(file, 'FILE')) };
}

const basic: AttributionFile['scenarios'][number] = {
  id: 'basic',
  events: [
    { kind: 'impression', minute: 1, visitor: 'v1', sid: 's1', experiment: 'A', variant: 'T' },
    { kind: 'track', minute: 5, visitor: 'v1', sid: 's1', event: 'Purchase' },
  ],
  expect: { impressions: { 'A/T': 1 }, conversions: { 'A/T': 1 }, secondary: {}, verdicts: ['counted'], warnings: [] },
};
const stating = (expected: object, overrides: object = {}) => ({
  scenarios: [{ ...basic, ...overrides, expect: { ...basic.expect, ...expected } }],
});

describe('the fixtures runner', () => {
  it('passes matching cases, with a line for each case and a summary', () => {
    expect(run({ scenarios: [basic] })).toEqual({ code: 0, lines: ['FILE', '  ok   basic', '1 passed, 0 failed'] });
  });

  it('reports the expected and the actual value of a mismatch', () => {
    const { code, lines } = run(stating({ conversions: { 'A/C': 2 }, verdicts: ['counted_late'] }));
    expect(code).toBe(1);
    expect(lines).toEqual([
      'FILE',
      '  FAIL basic',
      '         conversions of A/C: expected 2, got 0',
      '         conversions of A/T: expected 0, got 1',
      '         verdict 1: expected counted_late, got counted',
      '0 passed, 1 failed',
    ]);
  });

  it.each([
    ['an impression more', { impressions: { 'A/T': 2 } }],
    ['an impression of another variant', { impressions: { 'A/T': 1, 'A/C': 1 } }],
    ['no conversion', { conversions: {} }],
    ['a secondary event', { secondary: { 'A/T:AddToCart': 1 } }],
    ['another verdict', { verdicts: ['repeat_in_session'] }],
    ['a verdict more', { verdicts: ['counted', 'counted'] }],
    ['a verdict less', { verdicts: [] }],
    ['a warning', { warnings: ['impression_while_paused'] }],
    ['nothing at all', Object.fromEntries(Object.keys(basic.expect ?? {}).map((part) => [part, undefined]))],
  ])('fails a scenario that wrongly expects %s', (_, expected) => {
    expect(run(stating(expected)).code).toBe(1);
  });

  it('fails an unexpected warning', () => {
    const mixed = { kind: 'impression', minute: 2, visitor: 'v1', sid: 's1', experiment: 'A', variant: 'C' };
    const { code, lines } = run(stating({}, { events: [...basic.events, mixed] }));
    expect(code).toBe(1);
    expect(lines).toContain('         warnings: session_saw_multiple_variants is too much');
  });

  it.each([
    ['compares only what a scenario states', stating({ warnings: undefined, secondary: undefined })],
    ['treats a count of 0 like a missing one', stating({ conversions: { 'A/T': 1, 'A/C': 0 } })],
    [
      "measures by the file's own defaults",
      {
        defaults: { goal: 'Signup', allowedEvents: ['signup'] },
        ...stating({}, { events: [basic.events[0], { ...basic.events[1], event: 'Signup' }] }),
      },
    ],
    [
      'lets a scenario override the defaults',
      { defaults: { nowMinute: 0 }, ...stating({}, { settings: { nowMinute: 100 } }) },
    ],
    [
      'lets an experiment leave out what the defaults say of it',
      stating(
        { impressions: {}, conversions: {}, verdicts: ['not_in_experiment'], warnings: ['impression_while_paused'] },
        {
          settings: { experiments: { A: { pauses: [[0, 10]] } } },
        },
      ),
    ],
    [
      'knows the maximum age of events',
      stating(
        { conversions: {}, verdicts: ['time_out_of_range'] },
        {
          settings: { maxAgeMinutes: 10 },
          events: [basic.events[0], { ...basic.events[1], receivedMinute: 16 }],
        },
      ),
    ],
    [
      'tells verdicts in the order of arrival',
      stating(
        { verdicts: ['counted', 'repeat_in_session'] },
        {
          events: [...basic.events, { ...basic.events[1], minute: 4 }],
        },
      ),
    ],
  ])('%s', (_, file) => {
    expect(run(file)).toMatchObject({ code: 0 });
  });

  it('fails an invalid case, and runs the others', () => {
    const { code, lines } = run({ scenarios: [{ ...basic, events: [{ kind: 'purchase' }] }, basic] });
    expect(code).toBe(1);
    expect(lines).toContain('         cannot be run: no kind of event is called "purchase"');
    expect(lines.at(-1)).toBe('1 passed, 1 failed');
  });

  it.each([
    ['to 1e-6 of its value, however small', 'tail-1e-11', (value: number) => value * (1 + 2e-6)],
    ['to 1e-9, however large', 'empty-2', (value: number) => value + 2e-9],
  ])('requires a probability and a loss %s', (_, name, change) => {
    const one = read('bayes.json').cases.find((stated: { name: string }) => stated.name === name);
    expect(run({ cases: [one] }).code).toBe(0);
    for (const part of ['probabilityToBeBest', 'expectedLoss']) {
      const smallest = Math.min(...one[part]);
      const off = one[part].map((value: number) => (value === smallest ? change(value) : value));
      expect(run({ cases: [{ ...one, [part]: off }] }).code).toBe(1);
    }
  });

  it('requires intervals and p values to 1e-6 of their value', () => {
    const { interval95, srm }: Required<BayesFile> = read('bayes.json');
    expect(run({ interval95, srm }).code).toBe(0);
    for (const bound of ['low', 'high'] as const) {
      expect(
        run({ interval95: interval95.map((one) => ({ ...one, [bound]: one[bound] * (1 + 3e-6) })) }).lines.at(-1),
      ).toBe('0 passed, 3 failed');
    }
    expect(run({ srm: srm.map((one) => ({ ...one, p: one.p * (1 - 3e-6) })) }).lines.at(-1)).toBe('0 passed, 3 failed');
  });

  it.each([
    ['an invalid number', { interval95: [{ arm: [1, 2], low: 'x', high: 'x' }] }],
    [
      'an arm too few',
      {
        cases: [
          {
            name: 'short',
            arms: [
              [1, 2],
              [1, 2],
            ],
            probabilityToBeBest: [0.5],
          },
        ],
      },
    ],
    [
      'no number at all',
      {
        cases: [
          {
            name: 'empty',
            arms: [
              [1, 2],
              [1, 2],
            ],
          },
        ],
      },
    ],
  ])('fails a comparison that expects %s', (_, file) => {
    expect(run(file)).toMatchObject({ code: 1 });
  });

  it.each([
    ['neither format', { about: 'something else' }],
    ['a list', []],
    ['no case', { scenarios: [] }],
    ['null', 'null'],
    ['no JSON', '{'],
  ])('refuses a file of %s, and names it', (_, content) => {
    const { code, lines } = run(content);
    expect(code).toBe(2);
    expect(lines).toEqual([expect.stringMatching(/^FILE: (holds neither|cannot be read)/)]);
  });

  it('refuses a missing file', () => {
    expect(runFiles(['nowhere.json'], () => undefined)).toBe(2);
  });
});

describe('npm run fixtures', () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const start = (...files: string[]) =>
    promisify(execFile)(process.execPath, ['--import', 'tsx', main, ...files]).then(
      ({ stdout }) => ({ code: 0, stdout }),
      ({ code, stdout }) => ({ code, stdout }),
    );

  it('runs both published files without arguments', async () => {
    const { code, stdout } = await start();
    const cases = read('attribution.json').scenarios.length + run(read('bayes.json')).lines.length - 2;
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(`${cases} passed, 0 failed`);
  });

  it('exits with 2 for a file of another format', async () => {
    const { code } = await start(
      pathOf('attribution.json'),
      fileURLToPath(new URL('../../package.json', import.meta.url)),
    );
    expect(code).toBe(2);
  });
});
