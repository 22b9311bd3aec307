import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Bundles the worker as Cloudflare's tools do, serves it, asks it once, and resolves to the text it answers. */
export async function askWorker({ binary, folder, collector }) {
  await build({
    entryPoints: [join(folder, 'worker.mjs')],
    outfile: join(folder, 'worker.bundle.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    conditions: ['workerd', 'worker'],
    external: ['node:async_hooks'],
    logLevel: 'error',
  });
  const config = join(folder, 'worker.capnp');
  // The collector is on loopback, which workers reach only where they are allowed to.
  await writeFile(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker", esModule = embed "worker.bundle.mjs")],
      compatibilityDate = "2026-01-01",
      compatibilityFlags = ["nodejs_als"],
      bindings = [(name = "COLLECTOR", text = ${JSON.stringify(collector)})],
    )),
    (name = "internet", network = (allow = ["private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`,
  );
  const child = spawn(binary, ['serve', '--control-fd=3', config], { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
  try {
    const port = await listening(child);
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    return await answer.text();
  } finally {
    child.kill('SIGKILL');
  }
}

/** The port that workerd says it listens on. */
function listening(child) {
  return new Promise((resolve, reject) => {
    let said = '';
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`workerd ended with ${code} before it listened`)));
    child.stdio[3].on('data', (chunk) => {
      said += chunk;
      const line = said.split('\n').find((text) => text.includes('"listen"'));
      if (line?.endsWith('}')) resolve(JSON.parse(line).port);
    });
  });
}
