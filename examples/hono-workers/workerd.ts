import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { build } from 'esbuild';
import type { Listening } from '../simulation/listen.js';

// The runtime's binary, not the package's command, so that signals reach it. It has no types.
const { default: WORKERD } = createRequire(import.meta.url)('workerd') as { readonly default: string };

/** A Worker with its variables and secrets. */
export interface DeployedWorker {
  /** The entry file. */
  readonly entry: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Bundles a Worker like Cloudflare's tools, and serves it with their runtime. */
export async function serveWorker({ entry, env }: DeployedWorker): Promise<Listening> {
  const folder = await mkdtemp(join(tmpdir(), 'ours-worker-'));
  await build({
    entryPoints: [entry],
    outfile: join(folder, 'worker.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    conditions: ['workerd', 'worker', 'browser'],
    mainFields: ['browser', 'module', 'main'],
    external: ['node:*', 'cloudflare:*'],
    // Ignore tsconfig.json: its paths resolve the package to the sources.
    tsconfigRaw: {},
    logLevel: 'error',
  });
  await writeFile(join(folder, 'config.capnp'), configFor(env));

  const child = spawn(WORKERD, ['serve', '--control-fd=3', join(folder, 'config.capnp')], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  // It must not outlive this process.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit');
  return {
    url: `http://127.0.0.1:${await portOf(child.stdio[3] as Readable)}`,
    async close() {
      kill();
      await ended;
      process.removeListener('exit', kill);
      await rm(folder, { recursive: true });
    },
  };
}

/** The simulation runs on loopback, which Workers can reach only if allowed. */
function configFor(env: DeployedWorker['env']): string {
  const bindings = Object.entries(env).map(([name, value]) => `(name = "${name}", text = ${JSON.stringify(value)})`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker", esModule = embed "worker.mjs")],
      compatibilityDate = "2026-01-01",
      compatibilityFlags = ["nodejs_als"],
      bindings = [${bindings.join(', ')}],
    )),
    (name = "internet", network = (allow = ["private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`;
}

/** The port that it reports. */
async function portOf(control: Readable): Promise<number> {
  for await (const line of createInterface(control)) {
    const said = JSON.parse(line) as { readonly event: string; readonly port: number };
    if (said.event === 'listen') return said.port;
  }
  throw new Error('workerd ended before it listened.');
}
