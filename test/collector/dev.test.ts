import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/cli/command.js';
import { dev } from '../../src/cli/dev.js';
import { testContext } from '../cli/context.js';

async function configFile(text: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'ours-ingest-')), 'config.json');
  await writeFile(file, text);
  return file;
}

function runMain(...args: string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], { stdio: 'pipe' });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  return { child, output: () => output };
}

describe('ours-ingest dev', () => {
  it('prints where it listens and one line for each row, and nothing personal', async () => {
    const stop = new AbortController();
    const lines: string[] = [];
    const waiting: (() => void)[] = [];
    const print = (line: string) => {
      lines.push(line);
      waiting.shift()?.();
    };
    const printed = async (count: number) => {
      while (lines.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
    };
    const config = await configFile(JSON.stringify({ goal: 'purchase', allowedEvents: ['purchase', 'refund'] }));
    const ended = dev.run(['--port', '0', '--config', config], testContext({ print, stop: stop.signal }));
    await printed(2);
    const baseUrl = lines[1]!.split('OURS_BASE_URL=')[1];
    const rows = ['purchase', 'purchase', 'signup', 'bell\u0007'].map((event, i) => ({
      event,
      email: 'someone@example.org',
      distinctId: `secret-${i}`,
      eventProperties: { diagnosis: 'secret' },
    }));
    await fetch(`${baseUrl}/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: 'test_shop', events: [...rows, rows[0], { event: 'purchase' }] }),
    });
    await printed(8);
    stop.abort();
    await ended;
    expect(lines.slice(2).map((line) => line.replace(/^\S+\s+/, '').replace(/\s+/g, ' '))).toEqual([
      'purchase kept: no experiment measures it',
      'purchase kept: no experiment measures it',
      'signup dropped: the name is not among allowedEvents',
      'bell\uFFFD dropped: the name is not among allowedEvents',
      'purchase not counted again: this distinctId was there already',
      expect.stringContaining('distinctId'),
    ]);
    expect(lines.join()).not.toMatch(/secret|someone/);
  });

  it('shows its options when it is asked to', async () => {
    const lines: string[] = [];
    await dev.run(['--help'], testContext({ print: (line) => void lines.push(line) }));
    expect(lines.join()).toContain('--data <file>');
  });

  it.each([
    ['a host that others can reach without a token', ['--host', '0.0.0.0'], '--token'],
    ['a port that is none', ['--port', '70000'], '--port'],
    ['an option it does not know', ['--prot', '1'], '--prot'],
    ['a config file that is not there', ['--config', '/nowhere.json'], 'ENOENT'],
  ])('refuses %s', async (_, args, message) => {
    const run = dev.run(args, testContext({ stop: AbortSignal.abort() }));
    await expect(run).rejects.toThrow(UsageError);
    await expect(run).rejects.toThrow(message);
  });

  it('refuses experiments that cannot be', async () => {
    const config = await configFile(JSON.stringify({ experiments: [{ key: 'a', variants: [] }] }));
    const run = dev.run(['--port', '0', '--config', config], testContext({ stop: AbortSignal.abort() }));
    await expect(run).rejects.toThrow('variants');
  });
});

describe('the command line', () => {
  it('shows its commands and exits with 2 when it does not know one', async () => {
    const { child, output } = runMain('constructor');
    expect(await once(child, 'close')).toEqual([2, null]);
    expect(output()).toContain('Usage: ours-ingest <command>');
  });

  it('leaves with 0 when it is asked to terminate', async () => {
    const { child, output } = runMain('dev', '--port', '0');
    while (!output().includes('OURS_BASE_URL=')) await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([0, null]);
  });
});
