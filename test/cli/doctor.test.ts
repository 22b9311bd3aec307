import { afterEach, describe, expect, it, vi } from 'vitest';
import { UsageError } from '../../src/cli/command.js';
import { doctor } from '../../src/cli/doctor.js';
import { createCollector } from '../../src/collector/index.js';
import { startProxy } from '../support/http-proxy.js';
import { fileOutbox, freshFile } from './outbox-file.js';
import { run, runChild } from './running.js';
import { serve } from './serve.js';

const token = 'test_shop_secret';
const HOUR_MS = 60 * 60_000;

afterEach(() => void vi.useRealTimers());

/** The level and the message of each check. */
async function examine(env: Record<string, string>, ...args: string[]) {
  const { printed, error } = await run(doctor, [...args, '--json'], { env });
  const { checks } = JSON.parse(printed[0]!) as { checks: { check: string; level: string; message: string }[] };
  const found = Object.fromEntries(checks.map(({ check, level, message }) => [check, `${level}: ${message}`]));
  return { found, error, text: printed.join() };
}

describe('ours-ingest doctor', () => {
  it('finds no problem in a valid setup, and records nothing', async () => {
    await using collector = await createCollector();
    const env = { OURS_TOKEN: token, OURS_EXPERIMENT_TOKEN: 'exp_secret', OURS_BASE_URL: collector.baseUrl };
    const { printed, error } = await run(doctor, [], { env });
    expect(error).toBeUndefined();
    expect(printed.map((line) => line.replace(/\s+/g, ' '))).toEqual([
      `✓ Node ${process.versions.node}`,
      '✓ OURS_TOKEN is well-formed. It is a test-mode token: events are tagged and not forwarded.',
      '✓ OURS_EXPERIMENT_TOKEN is well-formed.',
      '✓ other settings are valid.',
      '✓ proxy none.',
      `✓ service ${collector.baseUrl} answers.`,
      '✓ token the service does not refuse it.',
      '✓ clock agrees with the service’s clock.',
    ]);
    expect(printed.join()).not.toContain('secret');
    expect(collector.events()).toHaveLength(0);
  });

  it.each([
    ['OURS_FLUSHAT', 'OURS_FLUSH_AT'],
    ['OURS_TOKEN_', 'OURS_TOKEN'],
    ['ours_token', 'OURS_TOKEN'],
    ['OURS_WRITE_KEY', 'OURS_TOKEN'],
    ['OURS_API_HOST', 'OURS_BASE_URL'],
    ['OURS_EXPERIMENTS_TOKEN', 'OURS_EXPERIMENT_TOKEN'],
    ['OURS_DEV_PASWORD', 'OURS_DEV_PASSWORD'],
  ])('names an unknown variable, and the probable correct one: %s', async (name, meant) => {
    await using collector = await createCollector();
    const { found, error, text } = await examine(
      { OURS_TOKEN: token, [name]: 'a-secret' },
      '--base-url',
      collector.baseUrl,
    );
    expect(found[name]).toBe(`warning: is not read by this package: did you mean ${meant}?`);
    expect(error).toBeUndefined();
    expect(text).not.toContain('a-secret');
  });

  it('asks who owns an unknown variable, and knows the variables of the commands', async () => {
    await using collector = await createCollector();
    const names = 'API_URL DEV_PASSWORD DEV_TOKENS OUTBOX_SQLITE PRIVACY_API_KEY SEALING_KEYS'.split(' ');
    const theirs = Object.fromEntries(names.map((name) => [`OURS_${name}`, '']));
    const env = { OURS_TOKEN: token, OURS_ZEBRA_CROSSING: '1', OURS_TEST_TOKEN: 'test_2', ...theirs };
    const { found } = await examine(env, '--base-url', collector.baseUrl);
    expect(Object.keys(found).filter((name) => name.startsWith('OURS_'))).toEqual([
      'OURS_TOKEN',
      'OURS_ZEBRA_CROSSING',
    ]);
    expect(found.OURS_ZEBRA_CROSSING).toContain('another program');
  });

  it('reads the address from --base-url', async () => {
    await using collector = await createCollector();
    const { found } = await examine({ OURS_TOKEN: token }, '--base-url', collector.baseUrl);
    expect(found.service).toContain(collector.baseUrl);
  });

  it('reports that the service refuses the token, without showing it', async () => {
    await using collector = await createCollector({ tokens: ['test_other'] });
    const { found, error, text } = await examine({ OURS_TOKEN: token, OURS_BASE_URL: collector.baseUrl });
    expect(found.token).toMatch(/^error: refused .*HTTP 401/);
    expect(error?.message).toBe('1 of 7 checks failed.');
    expect(text).not.toContain('secret');
  });

  it.each([
    ['no token', {}, 'OURS_TOKEN', /^error: token is missing/],
    ['an experiment token in its place', { OURS_TOKEN: 'exp_secret' }, 'OURS_TOKEN', /^error: .*experiment token/],
    ['a token with white space', { OURS_TOKEN: 'test secret' }, 'OURS_TOKEN', /^error: .*white space/],
    [
      'a source token in place of the experiment token',
      { OURS_TOKEN: token, OURS_EXPERIMENT_TOKEN: 'test_secret' },
      'OURS_EXPERIMENT_TOKEN',
      /^warning: .*exp_/,
    ],
    [
      'the same token twice',
      { OURS_TOKEN: 'secret', OURS_EXPERIMENT_TOKEN: 'secret' },
      'OURS_EXPERIMENT_TOKEN',
      /^error: .*the same/,
    ],
    [
      'a setting that makes no sense',
      { OURS_TOKEN: token, OURS_CONCURRENCY: 'many' },
      'other settings',
      /^error: OURS_CONCURRENCY/,
    ],
    ['a client that is disabled', { OURS_TOKEN: token, OURS_DISABLED: '1' }, 'OURS_DISABLED', /^warning: /],
  ])('reports a problem with %s, and still checks the rest', async (_, env, check, expected) => {
    await using collector = await createCollector();
    const { found, text } = await examine({ ...env, OURS_BASE_URL: collector.baseUrl });
    expect(found[check]).toMatch(expected);
    expect(found).toHaveProperty('proxy');
    expect(text).not.toContain('secret');
  });

  it('does not check a missing token', async () => {
    await using collector = await createCollector();
    const { found } = await examine({ OURS_BASE_URL: collector.baseUrl });
    expect(found.service).toMatch(/^ok/);
    expect(found).not.toHaveProperty('token');
  });

  it('sends no request if the address is invalid', async () => {
    const { found } = await examine({ OURS_TOKEN: token, OURS_BASE_URL: 'api.example.org' });
    expect(found['other settings']).toMatch(/^error: OURS_BASE_URL must be/);
    expect(found).not.toHaveProperty('service');
  });

  it('reports that no server is listening', async () => {
    const collector = await createCollector();
    await collector.close();
    const { found, error } = await examine({ OURS_TOKEN: token, OURS_BASE_URL: collector.baseUrl });
    expect(found.service).toMatch(/^error: .*ECONNREFUSED.*no server is listening/);
    expect(found).not.toHaveProperty('clock');
    expect(error).toBeInstanceOf(Error);
  });

  it('reports that a name cannot be resolved', async () => {
    const { found } = await examine({ OURS_TOKEN: token, OURS_BASE_URL: 'http://nowhere.invalid' });
    expect(found.service).toMatch(/^error: .*(ENOTFOUND|EAI_AGAIN).*DNS/);
  });

  it('reports that TLS fails', async () => {
    const url = await serve((_, response) => response.end());
    const { found } = await examine({ OURS_TOKEN: token, OURS_BASE_URL: url.replace('http:', 'https:') });
    expect(found.service).toMatch(/^error: .*TLS fails/);
  });

  it('reports that the connection breaks', async () => {
    const url = await serve((request) => request.socket.destroy());
    const { found } = await examine({ OURS_TOKEN: token, OURS_BASE_URL: url });
    expect(found.service).toMatch(/^error: .*the connection breaks/);
  });

  it.each([
    [404, 'error', 'not from the service'],
    [301, 'error', 'not from the service'],
    [200, 'error', 'not from the service'],
    [503, 'warning', 'overloaded or down'],
    [429, 'warning', 'overloaded or down'],
  ])('explains an answer of %i that is not from the service', async (status, level, words) => {
    const url = await serve((_, response) => response.writeHead(status).end('<html>'));
    const { found } = await examine({ OURS_TOKEN: token, OURS_BASE_URL: url });
    expect(found.service).toMatch(new RegExp(`^${level}: .*${words}`));
    expect(found).not.toHaveProperty('token');
  });

  it.each([
    [-HOUR_MS, /^error: is (59 min 5\d s|1 h).* ahead of the service’s clock: .*future/],
    [HOUR_MS, /^error: is (59 min 5\d s|1 h).* behind the service’s clock: .*older/],
    [-60_000, /^warning: is (5\d s|1 min).* ahead/],
    [60_000, /^warning: is (5\d s|1 min).* behind/],
    [1_000, /^ok/],
  ])('reports the direction if the service’s clock differs by %i ms', async (ms, expected) => {
    const url = await serve((_, response) => {
      response.setHeader('date', new Date(Date.now() + ms).toUTCString());
      response.writeHead(400).end('{"success":false,"error":"no events"}');
    });
    const { found } = await examine({ OURS_TOKEN: token, OURS_BASE_URL: url });
    expect(found.clock).toMatch(expected);
    expect(found.token).toMatch(/^ok/);
  });

  it('reports that this machine is never reached through a proxy', async () => {
    await using collector = await createCollector();
    const env = { OURS_TOKEN: token, OURS_BASE_URL: collector.baseUrl, HTTP_PROXY: 'http://me:secret@proxy.example:1' };
    const { found, text } = await examine(env);
    expect(found.proxy).toMatch(/^ok: none: 127\.0\.0\.1:\d+ is on this machine/);
    expect(found.service).toMatch(/^ok/);
    expect(text).not.toMatch(/secret(?!_)/);
  });

  it('names the proxy by its host if the proxy fails', async () => {
    const OURS_BASE_URL = 'http://service.invalid/api/v1';
    const refusing = await startProxy();
    const HTTP_PROXY = refusing.url.replace('//', '//me:secret@');
    const refused = await examine({ OURS_TOKEN: token, OURS_BASE_URL, HTTP_PROXY });
    expect(refused.found.proxy).toBe(`ok: requests go through the proxy ${refusing.host} of HTTP_PROXY.`);
    expect(refused.found.service).toMatch(/the proxy answers HTTP 407\): it requires a name and a password/);
    expect(refused.text).not.toMatch(/secret(?!_)/);
    const gone = await examine({ OURS_TOKEN: token, OURS_BASE_URL, HTTP_PROXY: 'http://127.0.0.1:1' });
    expect(gone.found.service).toMatch(
      /^error: the proxy 127\.0\.0\.1:1 of HTTP_PROXY, which leads to \S+, cannot be reached \(ECONNREFUSED\)/,
    );
  });

  it('refuses an invalid proxy, and sends no request', async () => {
    const env = { OURS_TOKEN: token, OURS_BASE_URL: 'http://service.invalid/api/v1', HTTP_PROXY: 'socks5://secret' };
    const { found, error, text } = await examine(env);
    expect(found.proxy).toMatch(/^error: HTTP_PROXY must be the address of an HTTP proxy/);
    expect(found).not.toHaveProperty('service');
    expect(error).toBeInstanceOf(Error);
    expect(text).not.toMatch(/secret(?!_)/);
  });

  it('refuses unknown options', async () => {
    const { error } = await run(doctor, ['--token', token]);
    expect(error).toBeInstanceOf(UsageError);
  });

  it('shows its options', async () => {
    expect((await run(doctor, ['--help'])).printed.join()).toContain('--json');
  });

  it('ends with 1 if a check fails', async () => {
    await using collector = await createCollector();
    const child = runChild(['doctor'], { OURS_BASE_URL: collector.baseUrl });
    expect(await child.end).toBe(1);
    expect(child.stdout()).toContain('✗ OURS_TOKEN');
    expect(child.stderr()).toBe('1 of 6 checks failed.\n');
  });
});

describe('ours-ingest doctor with an outbox', () => {
  async function examineFile(file: string) {
    await using collector = await createCollector();
    return await examine({ OURS_TOKEN: token, OURS_BASE_URL: collector.baseUrl }, '--sqlite', file);
  }

  it('finds no problem in an empty one', async () => {
    const { file } = await fileOutbox();
    const { found, error } = await examineFile(file);
    expect(error).toBeUndefined();
    expect(found.outbox).toBe(`ok: the SQLite file ${file} opens and holds 0 waiting, 0 being delivered, 0 bytes.`);
    expect(found['oldest event']).toBe('ok: no event is waiting.');
    expect(found['dead letters']).toBe('ok: none.');
  });

  it('reports that an outbox cannot be opened, and still checks the rest', async () => {
    const { found, error } = await examineFile(await freshFile());
    expect(found.outbox).toMatch(/^error: .*does not exist/);
    expect(found.token).toMatch(/^ok/);
    expect(error?.message).toContain('1 of');
  });

  it('reads the outbox from the environment', async () => {
    await using collector = await createCollector();
    const { file } = await fileOutbox();
    const env = { OURS_TOKEN: token, OURS_BASE_URL: collector.baseUrl, OURS_OUTBOX_SQLITE: file };
    expect((await examine(env)).found).toHaveProperty('outbox');
  });

  it('accepts only one of them', async () => {
    await using collector = await createCollector();
    const env = { OURS_TOKEN: token, OURS_BASE_URL: collector.baseUrl };
    const { error } = await run(doctor, ['--sqlite', 'a.db', '--redis', 'redis://127.0.0.1'], { env });
    expect(error).toBeInstanceOf(UsageError);
  });
});
