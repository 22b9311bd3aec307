import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { backfill } from '../../src/cli/backfill.js';
import { check } from '../../src/cli/check.js';
import type { Command, CommandContext } from '../../src/cli/command.js';
import { deadLetters } from '../../src/cli/dead-letters.js';
import { dev } from '../../src/cli/dev.js';
import { doctor } from '../../src/cli/doctor.js';
import { pull } from '../../src/cli/pull.js';
import { relay } from '../../src/cli/relay.js';
import { send } from '../../src/cli/send.js';
import { status } from '../../src/cli/status.js';
import { printable } from '../../src/core/printable.js';
import { createClient } from '../../src/index.js';
import { serve } from './serve.js';

/** Sets the title, clears the screen, adds a line, hides the rest, reverses the text direction. */
const HOSTILE = '\u001b]0;PWNED\u0007\u001b[2J\nall sent\r\u001b[8m\u009b1m\u202e\u2028\u200b';
const OBEYED = /(?![\u200C\u200D])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

const MAIN = ['--import', 'tsx', '--disable-warning=DEP0205', 'src/cli/main.ts'];

/** The output of a command in its own process, without the line breaks between lines. */
function printedBy(args: readonly string[], env: Record<string, string> = {}) {
  const {
    stdout,
    stderr,
    status: code,
  } = spawnSync(process.execPath, [...MAIN, ...args], {
    env: { PATH: process.env.PATH, ...env },
    encoding: 'utf8',
  });
  return { lines: (stdout + stderr).split('\n'), code };
}

async function hostileFile(name: string, content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ours-ingest-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

it('makes any string one harmless line, with the same meaning as JSON', () => {
  const said = printable(JSON.stringify({ event: `${HOSTILE} 👩‍🔬 \ud800` }));
  expect(said).not.toMatch(OBEYED);
  expect(JSON.parse(said)).toEqual({ event: `${HOSTILE} 👩‍🔬 \ud800` });
  expect(printable(printable(HOSTILE))).toBe(printable(HOSTILE));
});

it('the process prints no control characters of files, arguments or the environment', async () => {
  const event = JSON.stringify({ event: HOSTILE, userId: 'u', eventProperties: { a: 'x'.repeat(700_000) } });
  const ndjson = await hostileFile('x.ndjson', `${event}\n`);
  const csv = await hostileFile('x.csv', `event,"eventProperties.${HOSTILE}","${HOSTILE}"\n`);
  const config = await hostileFile('x.json', JSON.stringify({ [HOSTILE]: 1 }));
  const env = { OURS_TOKEN: 'test_t', OURS_BASE_URL: 'http://127.0.0.1:1' };
  const runs: readonly (readonly string[])[] = [
    ['backfill', ndjson, '--dry-run'],
    ['backfill', csv, '--dry-run'],
    ['backfill', `/nowhere/${HOSTILE}.ndjson`],
    ['dev', '--config', config],
    ['dev', '--host', HOSTILE, '--token', 'web', '--password', 'p'],
    ['dev', '--experiment', HOSTILE],
    [HOSTILE],
    ['send', HOSTILE, '--user-id', 'u', '--time', HOSTILE],
    ['send', `$${HOSTILE}`, '--user-id', 'u', `--${HOSTILE}`],
    ['status', '--sqlite', `/nowhere/${HOSTILE}`],
    ['doctor', '--config', HOSTILE],
    ['check', '--config', `./${HOSTILE}`],
    ['pull', '--api-url', HOSTILE],
  ];
  for (const args of runs) {
    const { lines, code } = printedBy(args, env);
    expect(lines.filter((line) => OBEYED.test(line))).toEqual([]);
    expect(lines).not.toContain('all sent');
    expect(code).not.toBe(0);
  }
}, 240_000);

it('prints no control characters of a quoted answer', async () => {
  const baseUrl = await serve((_request, response) => {
    response.writeHead(401, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ success: false, error: HOSTILE }));
  });
  const warnings: string[] = [];
  const ours = createClient({ token: 'test_t', baseUrl, logger: { warn: (line) => void warnings.push(line) } });
  ours.track({ event: HOSTILE, userId: 'u', eventProperties: { [HOSTILE]: () => 1 } });
  ours.track({ event: `$${HOSTILE}`, userId: 'u' });
  await ours.close({ timeoutMs: 500 });
  expect(warnings.length).toBeGreaterThan(0);
  expect(warnings.filter((line) => OBEYED.test(line))).toEqual([]);
});

it('prints the usage of every command line by line', async () => {
  const commands: readonly Command[] = [backfill, check, deadLetters, dev, doctor, pull, relay, send, status];
  for (const command of commands) {
    const lines: string[] = [];
    const context: Partial<CommandContext> = { print: (line) => void lines.push(line) };
    await command.run(['--help'], context as CommandContext);
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.filter((line) => OBEYED.test(line))).toEqual([]);
  }
});
