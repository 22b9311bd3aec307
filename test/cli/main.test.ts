import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCollector } from '../../src/collector/index.js';
import { until } from '../support/client.js';
import { fileOutbox, freshEntries, freshFile } from './outbox-file.js';

interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly out: { stdout: string; stderr: string };
  /** Its exit code or the signal that ended it. */
  readonly end: Promise<number | NodeJS.Signals>;
}

function runMain(args: readonly string[], env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, ['--import', 'tsx', '--disable-warning=DEP0205', 'src/cli/main.ts', ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: 'pipe',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const out = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].on('data', (chunk: Buffer) => {
      out[stream] += chunk;
    });
  }
  return { child, out, end: once(child, 'close').then(([code, signal]) => code ?? signal) };
}

async function relayOf(file: string, ...args: string[]) {
  const collector = await createCollector();
  onTestFinished(() => collector.close());
  const env = { OURS_TOKEN: 'test_shop', OURS_BASE_URL: collector.baseUrl };
  return { collector, ...runMain(['relay', '--sqlite', file, ...args], env) };
}

/** Runs a shell command in which `ours-ingest` is this one. */
async function runShell(command: string): Promise<{ readonly code: number; readonly stderr: string }> {
  const main =
    'ours-ingest() { "$NODE" --import tsx --disable-warning=DEP0205 src/cli/main.ts "$@"; }; set -o pipefail;';
  const child = spawn('bash', ['--norc', '-c', `${main} ${command}`], {
    env: { PATH: process.env.PATH, NODE: process.execPath },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, stderr };
}

describe('the command line', () => {
  it.skipIf(!existsSync('/dev/full'))('ends with 1 and says so when its answer cannot be written', async () => {
    const { code, stderr } = await runShell('ours-ingest --help >/dev/full');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^The output cannot be written: ENOSPC.*\n$/);
  });

  it('ends quietly when nobody reads its answer', async () => {
    expect(await runShell('ours-ingest doctor --help | true')).toEqual({ code: 0, stderr: '' });
  });

  it('ends when the client of its MCP server has gone without closing its side', async () => {
    const { child, out, end } = runMain(['mcp']);
    await until(() => out.stderr !== '');
    child.stdout.destroy();
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })}\n`);
    expect(await end).toBe(0);
    expect(out.stderr).toMatch(/^ours-ingest mcp: .*\n$/);
  });

  it('lists its commands', async () => {
    const { out, end } = runMain(['--help']);
    expect(await end).toBe(0);
    for (const name of ['dev', 'relay', 'status', 'dead-letters']) expect(out.stdout).toContain(`\n  ${name} `);
  });

  it.each([
    [['status', '--sqlite'], /^Option '--sqlite <value>' argument missing\nSee ours-ingest status --help\.\n$/],
    [['relay', '--verbose'], /^Unknown option '--verbose'.*\nSee ours-ingest relay --help\.\n$/],
  ])('ends with 2, the problem and a hint to the help for %j', async (args, said) => {
    const { out, end } = runMain(args);
    expect(await end).toBe(2);
    expect(out).toEqual({ stdout: '', stderr: expect.stringMatching(said) });
  });

  it('ends with 1 and names --port when the port of the collector is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { out, end } = runMain(['dev', '--port', String(port)]);
    expect(await end).toBe(1);
    expect(out.stderr).toMatch(new RegExp(`^port ${port} of 127\\.0\\.0\\.1 is in use: .*--port.*\n$`));
  });

  it('ends with 1 and one line for other errors', async () => {
    const file = await freshFile();
    const { out, end } = runMain(['status', '--sqlite', file]);
    expect(await end).toBe(1);
    expect(out).toEqual({ stdout: '', stderr: expect.stringMatching(/^.* does not exist: .*\n$/) });
  });

  it('does not ask without a terminal', async () => {
    const { file } = await fileOutbox();
    const { out, end } = runMain(['dead-letters', 'discard', '--all'], { OURS_OUTBOX_SQLITE: file });
    expect(await end).toBe(2);
    expect(out.stderr).toContain('--yes');
  });
});

describe('ours-ingest relay, as a process,', () => {
  it('runs until SIGTERM even without work, lets the request in flight finish and ends with 0', async () => {
    const { file, outbox } = await fileOutbox();
    await outbox.append(freshEntries(1, 'first'));
    const { collector, child, out, end } = await relayOf(file);
    await until(() => collector.events().length === 1);
    while ((await outbox.oldest()) !== undefined) await new Promise(setImmediate);
    await outbox.append(freshEntries(3));
    let isAsked = false;
    collector.faults.set(() => {
      isAsked = true;
      return { kind: 'delay', ms: 50 };
    });
    await until(() => isAsked);
    child.kill('SIGTERM');
    expect(await end).toBe(0);
    expect(out.stdout).toMatch(/^Delivering from .*\nStopping: .*\n4 delivered, .* 0 left in the outbox\.\n$/);
    expect(out.stderr).toBe('');
  });

  it('ends immediately at a second signal, whichever it is', async () => {
    const { file, outbox } = await fileOutbox();
    await outbox.append(freshEntries(3));
    const { collector, child, out, end } = await relayOf(file, '--grace', '600');
    let isAsked = false;
    collector.faults.set(() => {
      isAsked = true;
      return { kind: 'hang' };
    });
    await until(() => isAsked);
    child.kill('SIGTERM');
    await until(() => out.stdout.includes('Stopping'));
    child.kill('SIGINT');
    expect(await end).toBe('SIGINT');
  });
});
