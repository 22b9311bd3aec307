import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/cli/command.js';
import { dev } from '../../src/cli/dev.js';
import { createClient } from '../../src/index.js';
import { testContext } from './context.js';

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

/** The number of lines before the first row. */
const WELCOME = 7;

describe('ours-ingest dev', () => {
  it('prints its address and one line for each row, without personal data', async () => {
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
    await printed(WELCOME);
    const baseUrl = lines.find((line) => line.startsWith('OURS_BASE_URL='))!.split('=')[1];
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
    await printed(WELCOME + 6);
    stop.abort();
    await ended;
    expect(lines.slice(WELCOME).map((line) => line.replace(/^\S+\s+/, '').replace(/\s+/g, ' '))).toEqual([
      'purchase stored: no experiment measures it',
      'purchase stored: no experiment measures it',
      'signup dropped: the name is not in allowedEvents',
      'bell\\u0007 dropped: the name is not in allowedEvents',
      'purchase not counted again: this distinctId was already used',
      expect.stringContaining('distinctId'),
    ]);
    expect(lines.join()).not.toMatch(/secret|someone/);
  });

  it('prints a block that works when copied', async () => {
    const stop = new AbortController();
    const context = testContext({ stop: stop.signal });
    const args = ['--port', '0', '--experiment', 'checkout: classic,one_page :purchase'];
    const ended = dev.run(args, context);
    await context.lines(WELCOME);
    const block = context.printed.slice(context.printed.indexOf('') + 1, context.printed.lastIndexOf(''));
    const env = Object.fromEntries(block.map((line) => line.split('=')));
    expect(env).toEqual({
      OURS_BASE_URL: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/api\/v1$/),
      OURS_TOKEN: 'test_dev',
      OURS_EXPERIMENT_TOKEN: 'exp_dev',
    });
    const ours = createClient({
      baseUrl: env.OURS_BASE_URL,
      token: env.OURS_TOKEN,
      experimentToken: env.OURS_EXPERIMENT_TOKEN,
      // Without a deadline that a slow machine could miss.
      assignTimeoutMs: 60_000,
    });
    const visitor = ours.visitor({ userId: 'v1', sessionId: 's1' });
    expect(await visitor.assign('checkout')).toMatchObject({ inExperiment: true });
    visitor.track('purchase', {});
    await context.lines(WELCOME + 2);
    expect(context.printed.at(-1)).toMatch(/purchase +counted:/);
    await ours.close();
    stop.abort();
    await ended;
  });

  it('names an unknown experiment once, with the address of a form that creates it', async () => {
    const stop = new AbortController();
    const context = testContext({ stop: stop.signal });
    const ended = dev.run(['--port', '0'], context);
    await context.lines(WELCOME);
    const url = context.printed[0]!.split(': ')[1]!;
    const ask = () =>
      fetch(`${url}/api/v1/experiments/assignments/new%20hero%1b%5B2J`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token: 'exp_dev', visitor_id: 'v1' }),
      });
    expect([(await ask()).status, (await ask()).status]).toEqual([404, 404]);
    const formUrl = `${url}/experiments/new?key=new+hero%1B%5B2J`;
    expect(context.printed.slice(WELCOME)).toEqual([
      `no experiment has the key new hero\\u001b[2J: create it at ${formUrl}`,
    ]);
    expect(await (await fetch(formUrl)).text()).toContain('name="key" value="new hero');
    stop.abort();
    await ended;
  });

  it.each([
    ['the environment', { env: { OURS_DEV_TOKENS: 'web, exp_web', OURS_DEV_PASSWORD: 'its own' } }],
    ['the person', { env: { OURS_DEV_TOKENS: 'web' }, askSecret: async () => 'its own' }],
  ])('reads the password of the pages from %s, and prints no secret', async (_whom, given) => {
    const stop = new AbortController();
    const context = testContext({ stop: stop.signal, ...given });
    const ended = dev.run(['--port', '0', '--host', '0.0.0.0'], context);
    await context.lines(6);
    const url = context.printed[0]!.split(': ')[1]!;
    const statusWith = async (password: string) =>
      (await fetch(url, { headers: { authorization: `Bearer ${password}` } })).status;
    expect([await statusWith('web'), await statusWith('its own')]).toEqual([401, 200]);
    expect(context.printed.join()).not.toMatch(/web|its own/);
    stop.abort();
    await ended;
  });

  it('prints addresses to copy where it listens on every address', async () => {
    const stop = new AbortController();
    const env = { OURS_DEV_TOKENS: 'web,exp_web', OURS_DEV_PASSWORD: 'its own' };
    const context = testContext({ stop: stop.signal, env });
    const ended = dev.run(['--port', '0', '--host', '0.0.0.0'], context);
    await context.lines(6);
    const baseUrl = context.printed.find((line) => line.startsWith('OURS_BASE_URL='))!.split('=')[1];
    await fetch(`${baseUrl}/experiments/assignments/x`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: 'exp_web', visitor_id: 'v1' }),
    });
    await context.lines(7);
    expect(context.printed.join('\n')).toMatch(/one of them\.\n.*create it at http:/s);
    expect(context.printed.join('\n')).not.toContain('0.0.0.0');
    stop.abort();
    await ended;
  });

  it('shows its options', async () => {
    const lines: string[] = [];
    await dev.run(['--help'], testContext({ print: (line) => void lines.push(line) }));
    expect(lines.join()).toContain('--data <file>');
  });

  it.each([
    ['a host that others can reach without a token', ['--host', '0.0.0.0'], '--token'],
    ['a host that others can reach without a password', ['--host', '0.0.0.0', '--token', 'web'], 'OURS_DEV_PASSWORD'],
    ['an experiment without a goal', ['--experiment', 'a:b,c'], 'key:variant,variant:goal'],
    ['an experiment with one variant', ['--experiment', 'a:b:purchase'], 'key:variant,variant:goal'],
    ['an invalid port', ['--port', '70000'], '--port'],
    ['an option it does not know', ['--prot', '1'], '--prot'],
    ['a missing config file', ['--config', '/nowhere.json'], 'ENOENT'],
  ])('refuses %s', async (_, args, message) => {
    const run = dev.run(args, testContext({ stop: AbortSignal.abort() }));
    await expect(run).rejects.toThrow(UsageError);
    await expect(run).rejects.toThrow(message);
  });

  it('refuses invalid experiments', async () => {
    const config = await configFile(JSON.stringify({ experiments: [{ key: 'a', variants: [] }] }));
    const run = dev.run(['--port', '0', '--config', config], testContext({ stop: AbortSignal.abort() }));
    await expect(run).rejects.toThrow('variants');
  });
});

describe('the command line', () => {
  it('shows its commands and exits with 2 for an unknown command', async () => {
    const { child, output } = runMain('constructor');
    expect(await once(child, 'close')).toEqual([2, null]);
    expect(output()).toContain('Usage: ours-ingest <command>');
  });

  it('exits with 0 at SIGTERM', async () => {
    const { child, output } = runMain('dev', '--port', '0');
    while (!output().includes('OURS_BASE_URL=')) await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([0, null]);
  });
});
