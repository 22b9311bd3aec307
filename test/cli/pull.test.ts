import { readFile, writeFile } from 'node:fs/promises';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { pull } from '../../src/cli/pull.js';
import { accountOf } from './account.js';
import { run, runChild, tempFile } from './running.js';

const variants = [{ name: 'classic' }, { name: 'one_page' }];

describe('ours-ingest pull', () => {
  it('writes the names of the account', async () => {
    const { env } = await accountOf();
    const file = await tempFile('ours-account.ts', '');
    const { printed, error } = await run(pull, ['--out', file], { env });
    expect(error).toBeUndefined();
    expect(printed).toEqual([`${file}: 3 events, 2 experiments.`]);
    const text = await readFile(file, 'utf8');
    expect(text).toContain("allowedEvents = [\n  'Signup',\n  'purchase_completed',\n  'refund',\n] as const;");
    expect(text).toContain(
      "experiments = {\n  'checkout_redesign': ['classic', 'one_page'],\n  'hero': ['classic', 'one_page'],\n} as const;",
    );
  });

  it('writes any names as valid TypeScript', async () => {
    const odd = `it's "\\" \${x} \u2028 <é>`;
    const { env } = await accountOf({
      allowedEvents: [odd],
      experiments: [{ key: odd, variants: [{ name: odd }, { name: 'T' }], primary: 'purchase' }],
    });
    const file = await tempFile('ours-account.ts', '');
    const { printed } = await run(pull, ['--out', file], { env });
    expect(printed).toEqual([`${file}: 1 event, 1 experiment.`]);
    const { outputText } = ts.transpileModule(await readFile(file, 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ESNext },
      reportDiagnostics: true,
    });
    const written = await import(`data:text/javascript,${encodeURIComponent(outputText)}`);
    expect(written.allowedEvents).toEqual([odd]);
    expect(written.experiments).toEqual({ [odd]: [odd, 'T'] });
  });

  it.each(['ours-account.js', 'ours-account', 'ours.json'])('writes no TypeScript into %s', async (name) => {
    const { env } = await accountOf();
    const file = await tempFile(name, 'as it was');
    expect((await run(pull, ['--out', file], { env })).error?.message).toContain('must be a .ts file');
    expect(await readFile(file, 'utf8')).toBe('as it was');
  });

  it('omits completed experiments', async () => {
    const { env } = await accountOf({
      experiments: [
        { key: 'over', variants, primary: 'purchase', status: 'completed' },
        { key: 'coming', variants, primary: 'purchase', status: 'draft' },
      ],
    });
    const file = await tempFile('ours-account.ts', '');
    await run(pull, ['--out', file], { env });
    const text = await readFile(file, 'utf8');
    expect([text.includes('over'), text.includes('coming')]).toEqual([false, true]);
  });

  it('with --check fails if the file is out of date, missing or edited, and writes nothing', async () => {
    const { env } = await accountOf();
    const file = await tempFile('ours-account.ts', 'stale');
    const checked = () => run(pull, ['--check', '--out', file], { env });
    expect((await checked()).error?.message).toBe(`${file} is out of date: run ours-ingest pull --out ${file}.`);
    expect(await readFile(file, 'utf8')).toBe('stale');
    await run(pull, ['--out', file], { env });
    expect(await checked()).toMatchObject({ error: undefined });
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll('\n', '\r\n'));
    expect(await checked()).toMatchObject({ error: undefined });
    expect(
      (await run(pull, ['--check', '--out', file.replace('.ts', '-missing.ts')], { env })).error?.message,
    ).toContain('is out of date');
  });

  it('writes nothing if it could not read the account', async () => {
    const { env } = await accountOf({ apiKeys: [{ key: 'another' }] });
    const file = await tempFile('ours-account.ts', 'as it was');
    const child = runChild(['pull', '--out', file], env);
    expect(await child.end).toBe(1);
    expect(child.stderr()).toContain('refuses OURS_PRIVACY_API_KEY');
    expect(await readFile(file, 'utf8')).toBe('as it was');
  });
});
