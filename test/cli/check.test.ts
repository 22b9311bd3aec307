import { describe, expect, it } from 'vitest';
import { check } from '../../src/cli/check.js';
import { UsageError } from '../../src/cli/command.js';
import { doctor } from '../../src/cli/doctor.js';
import type { Fault } from '../../src/collector/index.js';
import { type Account, accountOf, KEY } from './account.js';
import { type Ran, run, runChild, tempFile } from './running.js';

/** The level and message of each check, and the error. */
async function examine({ env }: Account, ...args: string[]) {
  const ran = await run(check, [...args, '--json'], { env });
  const { ok, checks } = JSON.parse(ran.printed[0]!) as {
    ok: boolean;
    checks: { check: string; level: string; message: string }[];
  };
  return { ok, error: ran.error, found: checks.map((one) => `${one.level} ${one.check} ${one.message}`) };
}

describe('ours-ingest check', () => {
  it('finds no problem if the account counts what the code sends', async () => {
    const { env } = await accountOf();
    const { printed, error } = await run(
      check,
      [
        '--event',
        'purchase_completed',
        '--event',
        'Signup',
        '--experiment',
        'checkout_redesign',
        '--experiment',
        'hero',
      ],
      { env },
    );
    expect(error).toBeUndefined();
    expect(printed.map((line) => line.replace(/\s+/g, ' '))).toEqual([
      '✓ source Local source (NodejsApi) is enabled and published.',
      '✓ event purchase_completed is allowed, with 1 destination.',
      '✓ event Signup is allowed, with 1 destination.',
      '✓ experiment checkout_redesign is running.',
      '✓ experiment hero is running.',
    ]);
  });

  it.each([
    ['purchase_complete', /^error .*not allowed.*did you mean purchase_completed\?$/],
    ['purchas_ecompleted', /^error .*did you mean purchase_completed\?$/],
    ['signup', /^error .*allowed as Signup.*Send Signup\.$/],
    ['newsletter', /^error .*not allowed.*: add it to the allowed events\.$/],
    ['refund', /^warning .*no destination/],
  ])('gives advice for the event %s', async (event, message) => {
    const { found, ok } = await examine(await accountOf(), '--event', event);
    expect(found[1]).toMatch(message);
    expect(ok).toBe(!found[1]!.startsWith('error'));
  });

  it.each(['newsletter', 'signup'])('only warns of the event %s if the collector accepts every name', async (event) => {
    const account = await accountOf({ allowedEvents: undefined });
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ token: 'shop', event: 'Signup', userId: 'u' });
    await fetch(`${account.collector.baseUrl}/track`, { method: 'POST', headers, body });
    const { found, ok } = await examine(account, '--event', event, '--event', 'Signup');
    expect(found[1]).toMatch(/^warning .*cannot be checked: this collector accepts every name/);
    expect(found[2]).toMatch(/^ok event Signup is allowed/);
    expect(ok).toBe(true);
  });

  it.each([
    [{ status: 'Disabled' as const }, /^error source shop .* is disabled and accepts no events: enable it\.$/],
    [{ isPublished: false }, /^error source shop .* is not published and accepts no events: publish it\.$/],
  ])('reports that the source is %j', async (state, message) => {
    const account = await accountOf({ sources: [{ token: 'blog' }, { token: 'shop', name: 'shop', ...state }] });
    expect((await examine(account)).found[0]).toMatch(message);
  });

  it('also finds the source by its test token, and by its id', async () => {
    const account = await accountOf({ sources: [{ token: 'shop', id: 'source_1', name: 'Shop' }] });
    const test = await examine({ ...account, env: { ...account.env, OURS_TOKEN: 'test_shop' } });
    const { OURS_TOKEN: _, ...without } = account.env;
    const byId = await examine({ ...account, env: without }, '--source', 'source_1');
    for (const { found } of [test, byId]) expect(found[0]).toContain('ok source Shop');
    expect((await examine({ ...account, env: without })).found[0]).toMatch(/^warning source .*--source/);
    const other = await examine({ ...account, env: { ...account.env, OURS_TOKEN: 'another' } });
    expect(other.found[0]).toMatch(/^error source .*none of the account's 1 sources/);
    expect(JSON.stringify(other)).not.toContain('another"');
  });

  const variants = [{ name: 'classic' }, { name: 'one_page' }];
  const primary = 'purchase_completed';

  it.each([
    [{ key: 'a', variants, primary, status: 'draft' }, /^error .*draft.*start it/],
    [{ key: 'a', variants, primary, status: 'paused' }, /^warning .*paused/],
    [{ key: 'a', variants, primary, status: 'completed' }, /^error .*completed.*remove it/],
    [{ key: 'abcd', variants, primary }, /^error .*does not exist: create it/],
  ] as const)('gives advice for the experiment %j', async (experiment, message) => {
    const { found } = await examine(await accountOf({ experiments: [experiment] }), '--experiment', 'a');
    expect(found.at(-1)).toMatch(message);
  });

  it('suggests the name of a misspelt experiment, and names the variant of a rollout', async () => {
    const account = await accountOf();
    const { found } = await examine(account, '--experiment', 'chekout_redesign');
    expect(found.at(-1)).toBe('error experiment chekout_redesign does not exist: did you mean checkout_redesign?');
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
    await fetch(`${account.collector.url}/rest/v1/experiments/hero/stop`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ rolloutVariantId: 'variant_one_page' }),
    });
    expect((await examine(account, '--experiment', 'hero')).found.at(-1)).toMatch(/^warning .*everyone gets one_page/);
  });

  it.each([
    ['purchase_completed', 'checkout_redesign', /^ok experiment checkout_redesign is running/],
    ['Signup', 'hero', /^ok experiment hero is running/],
    [
      'Purchase_Completed',
      'checkout_redesign',
      /^error .*measured by purchase_completed, but the code sends Purchase_C/,
    ],
    [
      'purchase_complete',
      'checkout_redesign',
      /^error .*measured by purchase_completed, but the code sends purchase_c/,
    ],
    ['refund', 'hero', /^error .*measured by lead, Signup, and the code sends none of these/],
  ])('compares the event %s with the metrics of %s', async (event, key, message) => {
    const { found } = await examine(await accountOf(), '--event', event, '--experiment', key);
    expect(found.at(-1)).toMatch(message);
  });

  it('finds a goal in another case, though the code sends another metric of the experiment', async () => {
    const { found, ok } = await examine(
      await accountOf(),
      '--event',
      'Lead',
      '--event',
      'Signup',
      '--experiment',
      'hero',
    );
    expect(found.at(-1)).toMatch(/^error .*measured by lead, but the code sends Lead: no conversion counts/);
    expect(ok).toBe(false);
  });

  it('reads a module’s events and experiments, and reports missing and removed variants', async () => {
    const account = await accountOf();
    const config = await tempFile(
      'ours.mjs',
      `export const events = { purchase_completed: {}, Signup: {} };
       export const experiments = { checkout_redesign: ['classic', 'two_pages'], hero: ['classic', 'one_page'] };`,
    );
    const { found } = await examine(account, '--config', config);
    expect(found.map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual([
      'ok source Local',
      'ok event purchase_completed',
      'ok event Signup',
      'ok experiment checkout_redesign',
      'error experiment checkout_redesign',
      'ok experiment hero',
    ]);
    expect(found[4]).toMatch(
      /the code lacks its variant one_page, and it has no variant two_pages: run ours-ingest pull/,
    );
  });

  it.each([
    ['a list in a CommonJS module', 'ours.cjs', `module.exports = { events: ['refund'], experiments: ['hero'] };`],
    ['a default export', 'ours.js', `export default { events: ['refund'], experiments: ['hero'] };`],
  ])('reads %s', async (_, name, content) => {
    const folderIsModule = name.endsWith('.js') ? content.replace('export default', 'module.exports =') : content;
    const { found } = await examine(await accountOf(), '--config', await tempFile(name, folderIsModule));
    expect(found.map((line) => line.split(' ').slice(1, 3).join(' '))).toContain('event refund');
    expect(found.map((line) => line.split(' ').slice(1, 3).join(' '))).toContain('experiment hero');
  });

  it.each([
    ['ours.mjs', 'export const other = 1;', /expected exports named events or experiments/],
    ['ours.mjs', 'export const events = 7;', /events must be an object/],
    ['ours.mjs', 'export const events = ;', /cannot be loaded/],
    ['ours.mjs', 'throw undefined;', /cannot be loaded/],
    ['ours.mjs', 'export const experiments = { hero: "classic" };', /experiments\.hero must be a list of the names/],
    ['ours.mjs', 'export const experiments = { hero: { variants: [] } };', /experiments\.hero must be a list/],
  ])('refuses a module %s of %o', async (name, content, message) => {
    const { env } = await accountOf();
    const { error } = await run(check, ['--config', await tempFile(name, content)], { env });
    expect(error).toBeInstanceOf(UsageError);
    expect(error?.message).toMatch(message);
  });

  it('refuses a folder in place of a module', async () => {
    const { env } = await accountOf();
    const { error } = await run(check, ['--config', 'test/cli'], { env });
    expect(error?.message).toBe('--config test/cli: the file does not exist.');
  });

  it('ends even if the module has open handles', async () => {
    const { env } = await accountOf();
    const config = await tempFile('ours.mjs', `export const events = ['Signup']; setInterval(() => {}, 1e9);`);
    const child = runChild(['check', '--config', config], env);
    expect([await child.end, child.stderr()]).toEqual([0, '']);
  });

  it('fails if the module ends the process', async () => {
    const { env } = await accountOf();
    const config = await tempFile('ours.mjs', `process.exit(0);`);
    const child = runChild(['check', '--config', config], env);
    expect([await child.end, child.stderr()]).toEqual([
      2,
      `--config ${config}: the module ends the process. Use a module that only exports.\n`,
    ]);
  });

  it('sends an event in test mode and sees it at the source', async () => {
    const account = await accountOf();
    const { found } = await examine(account, '--event', 'purchase_completed', '--send-test', '--wait', '0');
    expect(found.at(-1)).toMatch(/^ok test event purchase_completed arrived: the source was triggered at \d{4}-/);
    expect(account.collector.recent(1)).toMatchObject([{ isTest: true, event: { event: 'purchase_completed' } }]);
  });

  it('reports an accepted event that the source does not show', async () => {
    const account = await accountOf();
    const elsewhere = await accountOf();
    const args = ['--event', 'purchase_completed', '--send-test', '--wait', '0'];
    const lost = await examine(
      { ...account, env: { ...account.env, OURS_BASE_URL: elsewhere.env.OURS_BASE_URL! } },
      ...args,
    );
    expect(lost.found.at(-1)).toMatch(/^error test event .*was accepted, but the source does not show it/);
  });

  it('sends nothing to a source that accepts no events', async () => {
    const account = await accountOf({ sources: [{ token: 'shop', status: 'Disabled' }] });
    const { found } = await examine(account, '--event', 'purchase_completed', '--send-test');
    expect(found.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual(['error source', 'ok event']);
    expect(account.collector.requestsTo('/batch')).toBe(0);
  });

  it('annotates problems for GitHub, in the module', async () => {
    const { env } = await accountOf();
    const config = await tempFile('ours.mjs', `export const events = ['refund', 'a:b,c%d'];`);
    const { printed } = await run(check, ['--config', config], { env: { ...env, GITHUB_ACTIONS: 'true' } });
    expect(printed.filter((line) => line.startsWith('::'))).toEqual([
      `::warning file=${config},title=ours-ingest%3A event refund::event refund is allowed but has no destination: only experiments see it.`,
      `::error file=${config},title=ours-ingest%3A event a%3Ab%2Cc%25d::event a:b,c%25d is not allowed, so the service drops it: add it to the allowed events.`,
    ]);
    expect((await run(check, ['--config', config, '--github'], { env })).printed.join()).toContain('::error ');
  });

  it('exits with 1 if a check fails, and with 2 without a key', async () => {
    const { env } = await accountOf();
    const wrong = runChild(['check', '--event', 'purchase_complete'], env);
    expect(await wrong.end).toBe(1);
    expect(wrong.stderr()).toContain('1 of 2 checks failed.');
    const { OURS_PRIVACY_API_KEY: _, ...without } = env;
    const keyless = runChild(['check'], without);
    expect(await keyless.end).toBe(2);
    expect(keyless.stderr()).toContain('OURS_PRIVACY_API_KEY is not set');
  });
});

describe('the API key', () => {
  const args = ['--event', 'refund', '--experiment', 'hero'];
  const said = ({ printed, warned, error }: Ran): string =>
    JSON.stringify([printed, warned, error?.message, error?.stack]);

  it('that lacks a scope gets an error with its name, and the rest is checked', async () => {
    const scopes = ['source:list', 'source:view', 'experiment:list'];
    const { found } = await examine(await accountOf({ apiKeys: [{ key: KEY, scopes }] }), ...args);
    expect(found).toEqual([
      expect.stringMatching(/^ok source/),
      'error events the API key lacks the scope allowedEvent:list: add it to the key in the dashboard.',
      expect.stringMatching(/^ok experiment hero/),
      expect.stringMatching(/^error experiment hero/),
    ]);
  });

  it('that is refused is reported once', async () => {
    const { found, error } = await examine(await accountOf({ apiKeys: [{ key: 'another' }] }), ...args);
    expect(found).toEqual([expect.stringMatching(/^error source the Platform API refuses OURS_PRIVACY_API_KEY/)]);
    expect(error?.message).toBe('1 of 1 checks failed.');
  });

  it.each<[string, Fault]>([
    ['refused', { kind: 'status', status: 401, body: { error: 'no' } }],
    ['of too little scope', { kind: 'status', status: 403 }],
    ['at a service that is down', { kind: 'status', status: 500, headers: { 'retry-after-ms': '0' } }],
    ['at something else', { kind: 'badJson' }],
    ['reset', { kind: 'reset' }],
  ])('%s is shown nowhere', async (_, fault) => {
    const { collector, env } = await accountOf();
    collector.faults.set(() => fault);
    for (const form of [[], ['--json'], ['--github']]) {
      const ran = await run(check, [...args, ...form], { env });
      expect(ran.error).toBeDefined();
      expect(said(ran)).not.toContain('secret');
    }
  });

  it.each(['sk secret', 'sk_secret\n2', 'sk_secrét'])('that no header can hold is refused unseen: %j', async (key) => {
    const ran = await run(check, args, { env: { OURS_PRIVACY_API_KEY: key } });
    expect(ran.error).toBeInstanceOf(UsageError);
    expect(said(ran)).not.toMatch(/sk.secr/);
  });

  it.each(['http://app.example', 'https://app.example/rest/v1', 'https://user:secret@app.example', 'app.example'])(
    'is not sent to %s',
    async (url) => {
      const ran = await run(check, [...args, '--api-url', url], { env: { OURS_PRIVACY_API_KEY: KEY } });
      expect(ran.error).toBeInstanceOf(UsageError);
      expect(ran.error?.message).not.toContain('secret');
    },
  );
});

describe('ours-ingest doctor --account', () => {
  it('checks the account as well', async () => {
    const { env } = await accountOf();
    const config = await tempFile('ours.mjs', `export const events = ['purchase_complete'];`);
    const { printed, error } = await run(doctor, ['--account', '--config', config], { env });
    const lines = printed.map((line) => line.replace(/\s+/g, ' '));
    expect(lines).toContain('✓ source Local source (NodejsApi) is enabled and published.');
    expect(lines.at(-1)).toMatch(/^✗ event purchase_complete .*did you mean purchase_completed/);
    expect(error?.message).toBe('1 of 9 checks failed.');
  });

  it('requires a key, and --account for a module', async () => {
    const { env } = await accountOf();
    const { OURS_PRIVACY_API_KEY: _, ...without } = env;
    expect((await run(doctor, ['--account'], { env: without })).error).toBeInstanceOf(UsageError);
    expect((await run(doctor, ['--config', 'ours.mjs'], { env })).error).toBeInstanceOf(UsageError);
  });
});
