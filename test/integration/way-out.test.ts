import { createRequire } from 'node:module';
import vm from 'node:vm';
import { build } from 'esbuild';
import {
  Agent,
  type Dispatcher,
  EnvHttpProxyAgent,
  getGlobalDispatcher,
  MockAgent,
  Pool,
  setGlobalDispatcher,
} from 'undici';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { nodePlatform } from '../../src/runtime/platform-node.js';
import { createNodePost } from '../../src/transport/node-post.js';
import { rig, trackMany } from '../support/client.js';
import { type ScriptedService, scriptService, take } from '../support/scripted-service.js';

const well = (): Promise<ScriptedService> => scriptService((received, response) => take(response, received));

/** Whether a request came straight through undici: only then no content coding is asked for. */
const isDirect = ({ received }: ScriptedService): boolean =>
  received.at(-1)!.request.headers['accept-encoding'] === 'identity';

describe('the global dispatcher of an application', () => {
  const usual = getGlobalDispatcher();
  afterEach(() => setGlobalDispatcher(usual));

  it('takes every request: a mocked test never reaches the network', async () => {
    const service = await well();
    const { client } = await rig({ baseUrl: service.baseUrl });
    trackMany(client, 1);
    await client.flush();
    expect(isDirect(service)).toBe(true);

    const mock = new MockAgent();
    mock.disableNetConnect();
    mock
      .get(service.origin)
      .intercept({ path: /.*/, method: 'POST' })
      .reply(200, { success: true, in_experiment: false })
      .persist();
    // Also when it comes later than the first request.
    setGlobalDispatcher(mock);
    trackMany(client, 1, 'mocked ');
    expect(await client.flush()).toMatchObject({ delivered: 2 });
    expect(await client.assign('x', { userId: 'v' })).toMatchObject({ reason: 'not_assigned' });
    expect(service.received).toHaveLength(1);

    setGlobalDispatcher(usual);
    trackMany(client, 1, 'again ');
    await client.flush();
    expect(service.received).toHaveLength(2);
    expect(isDirect(service)).toBe(true);
  });

  it.each<[string, () => Dispatcher]>([
    ['an agent with options', () => new Agent({ connect: { timeout: 1_234 } })],
    ['an agent with a factory', () => new Agent({ factory: (origin, options) => new Pool(origin, options) })],
    ['a composed agent', () => new Agent().compose((dispatch) => (options, handler) => dispatch(options, handler))],
    ['a patched agent', () => Object.assign(new Agent(), { dispatch: Agent.prototype.dispatch.bind(new Agent()) })],
    ['another class', () => new (class Proxied extends Agent {})()],
  ])('is honoured when it is %s', async (_what, make) => {
    const service = await well();
    const { client } = await rig({ baseUrl: service.baseUrl });
    setGlobalDispatcher(make());
    trackMany(client, 1);
    expect(await client.flush()).toMatchObject({ delivered: 1 });
    expect(isDirect(service)).toBe(false);
  });

  it.each<[string, (call: typeof fetch) => typeof fetch]>([
    ['a function', (call) => (input, init) => call(input, init)],
    ['an async function', (call) => async (input, init) => call(input, init)],
  ])('is not forced upon a fetch that brings its own: %s', async (_what, wrap) => {
    setGlobalDispatcher(usual);
    const { client } = await rig({ baseUrl: (await well()).baseUrl });
    const call = vi.fn(async (_input: unknown, _init?: object) => Response.json({ success: true, accepted: 1 }));
    vi.stubGlobal('fetch', wrap(call as unknown as typeof fetch));
    onTestFinished(() => void vi.unstubAllGlobals());
    trackMany(client, 1);
    expect(await client.flush()).toMatchObject({ delivered: 1 });
    expect(call.mock.calls[0]![1]).not.toHaveProperty('dispatcher');
  });

  it.each<[string, string, boolean]>([
    ['a plain agent', 'new Agent()', true],
    ['an agent with options', 'new Agent({ connect: { timeout: 1_234 } })', false],
    ['an agent with a factory', 'new Agent({ factory: (origin, options) => new Pool(origin, options) })', false],
    ['a subclass', 'new (class extends Agent {})()', false],
  ])('is recognised when a minifier has renamed its class: %s', async (_what, make, isPlain) => {
    const { outputFiles } = await build({
      stdin: { contents: `import { Agent, Pool } from 'undici'; export default ${make};`, resolveDir: '.' },
      bundle: true,
      minify: true,
      platform: 'node',
      format: 'cjs',
      write: false,
    });
    const module = { exports: {} as { default: Dispatcher } };
    new Function('module', 'exports', 'require', outputFiles[0]!.text)(
      module,
      module.exports,
      createRequire(import.meta.url),
    );
    const service = await well();
    setGlobalDispatcher(module.exports.default);
    expect(getGlobalDispatcher().constructor.name).not.toBe('Agent');
    const { client } = await rig({ baseUrl: service.baseUrl });
    trackMany(client, 1);
    expect(await client.flush()).toMatchObject({ delivered: 1 });
    expect(isDirect(service)).toBe(isPlain);
  });

  it('is not the plain agent that Node’s fetch and every copy of undici put there', async () => {
    const service = await well();
    setGlobalDispatcher(new Agent());
    await (await fetch(service.origin, { method: 'POST', body: '{}' })).text();
    const { client } = await rig({ baseUrl: service.baseUrl });
    trackMany(client, 1);
    await client.flush();
    expect(isDirect(service)).toBe(true);
  });
});

describe('Node’s own dispatcher for the environment’s proxies', () => {
  const usual = getGlobalDispatcher();
  afterEach(() => {
    setGlobalDispatcher(usual);
    vi.unstubAllEnvs();
  });

  it.each([
    ['is no choice of the application, so that a local collector is reached', '1', true],
    ['is one where the application has set it', '', false],
  ])('%s', async (_title, setting, isUnused) => {
    vi.stubEnv('HTTP_PROXY', 'http://127.0.0.1:9');
    vi.stubEnv('NODE_USE_ENV_PROXY', setting);
    const service = await well();
    setGlobalDispatcher(new EnvHttpProxyAgent({ noProxy: '*' }));
    const { client } = await rig({ baseUrl: service.baseUrl });
    trackMany(client, 1);
    expect(await client.flush()).toMatchObject({ delivered: 1 });
    expect(isDirect(service)).toBe(isUnused);
  });
});

describe('where undici cannot be loaded', () => {
  it('everything goes through fetch at once, and the log says so once', async () => {
    const service = await well();
    const load = vi.fn(() => Promise.reject(new Error('Dynamic require of "node:assert" is not supported\nstack')));
    const { client, warnings } = await rig({
      baseUrl: service.baseUrl,
      platform: {
        createPost: ({ requestTimeoutMs, ...options }) =>
          createNodePost({ ...options, connectTimeoutMs: requestTimeoutMs, env: {}, load }),
      },
    });
    trackMany(client, 3);
    expect(await client.flush()).toMatchObject({ delivered: 3 });
    expect(await client.assign('x', { userId: 'v' })).toMatchObject({ inExperiment: false });
    expect(load).toHaveBeenCalledTimes(1);
    expect(warnings.filter((line) => line.includes('undici'))).toEqual([
      expect.stringMatching(/cannot be loaded.*globalThis\.fetch.*node:assert" is not supported$/),
    ]);
  });

  it('CommonJS that cannot call import(), as Jest compiles it, still delivers through undici', async () => {
    const { outputFiles } = await build({
      entryPoints: ['src/index.ts'],
      bundle: true,
      platform: 'node',
      format: 'cjs',
      packages: 'external',
      write: false,
      // As tsup.config.ts builds it.
      supported: { 'dynamic-import': false },
    });
    const module = { exports: {} as typeof import('../../src/index.js') };
    const wrapped = `(function (module, exports, require) {${outputFiles[0]!.text}\n})`;
    const require = createRequire(import.meta.url);
    // Packages that are ES modules only are part of the real build.
    const load = (name: string): unknown => (name === 'p-retry' ? {} : require(name));
    new vm.Script(wrapped).runInThisContext()(module, module.exports, load);
    const service = await well();
    const warnings: string[] = [];
    const client = module.exports.createClient({
      token: 't',
      baseUrl: service.baseUrl,
      logger: { warn: (line) => void warnings.push(line) },
    });
    onTestFinished(async () => void (await client.close({ timeoutMs: 0 })));
    trackMany(client, 1);
    expect(await client.flush()).toMatchObject({ delivered: 1 });
    expect(isDirect(service)).toBe(true);
    expect(warnings).toEqual([]);
  });
});

it('without WebAssembly (node --jitless), which undici and Node’s fetch need, the log says so once', async () => {
  const service = await well();
  // The only thing that --jitless takes away; the engine under this test has compiled its own already.
  vi.stubGlobal('WebAssembly', undefined);
  delete (globalThis as { WebAssembly?: unknown }).WebAssembly;
  onTestFinished(() => void vi.unstubAllGlobals());
  const { client, warnings } = await rig({ baseUrl: service.baseUrl });
  trackMany(client, 1);
  await client.flush();
  trackMany(client, 1);
  await client.flush();
  expect(warnings.filter((line) => line.includes('WebAssembly'))).toEqual([
    expect.stringMatching(/no WebAssembly \(node --jitless\).*pass another fetch\.$/),
  ]);
});

it('without any fetch, as under jsdom, the way is undici', async () => {
  const service = await well();
  vi.stubGlobal('fetch', undefined);
  onTestFinished(() => void vi.unstubAllGlobals());
  const { client } = await rig({ baseUrl: service.baseUrl });
  trackMany(client, 1);
  expect(await client.flush()).toMatchObject({ delivered: 1 });
});

it('many senders print no warning of leaking listeners', async () => {
  const service = await scriptService((received, response) => {
    waiting.push(() => take(response, received));
    // All senders at once.
    if (waiting.length === 16) for (const answer of waiting.splice(0)) answer();
  });
  const waiting: (() => void)[] = [];
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  onTestFinished(() => warned.mockRestore());
  const { client } = await rig({ baseUrl: service.baseUrl, concurrency: 16, flushAt: 1 });
  trackMany(client, 64);
  expect(await client.flush()).toMatchObject({ delivered: 64 });
  const { signal } = new AbortController();
  const { client: slow } = await rig({ baseUrl: 'http://127.0.0.1:9' });
  await Promise.allSettled(Array.from({ length: 16 }, (_, at) => slow.assign('x', { userId: `v${at}`, signal })));
  expect(warned).not.toHaveBeenCalled();
});

it('recognises Node’s own fetch, so that it can go the short way below it', async () => {
  const service = await well();
  const { monotonic } = nodePlatform;
  const post = nodePlatform.createPost({
    baseUrl: service.baseUrl,
    connections: 1,
    requestTimeoutMs: 5_000,
    monotonic,
    logger: { warn() {} },
  });
  onTestFinished(() => post.close!());
  await post('/batch', new TextEncoder().encode('{}'), new AbortController().signal);
  expect(isDirect(service)).toBe(true);
});
