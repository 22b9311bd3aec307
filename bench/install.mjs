import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Installs bench/package.json unless exactly those versions are there already. */
export function installPeers() {
  const { dependencies } = JSON.parse(readFileSync(at('./package.json'), 'utf8'));
  const missing = Object.entries(dependencies).filter(([name, version]) => installedVersion(name) !== version);
  if (missing.length === 0) return;
  console.log(`installing ${missing.map((peer) => peer.join('@')).join(', ')} into bench/node_modules`);
  const { status } = spawnSync('npm', ['install', '--prefix', at('.'), '--no-audit', '--no-fund', '--ignore-scripts'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 300_000,
  });
  if (status !== 0) throw new Error('the peers could not be installed: npm install --prefix bench');
}

function installedVersion(name) {
  const file = at(`./node_modules/${name}/package.json`);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : undefined;
}
