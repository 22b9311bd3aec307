// Holds the licences and the bill of materials in the package against each other and against what is installed and bundled.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path) => readFileSync(join(root, path), 'utf8');

/** What is known to be inside: the file must not become shorter without anybody noticing. */
const EXPECTED = [
  '@modelcontextprotocol/sdk',
  'ajv',
  'cli-progress',
  'csv-parse',
  'ioredis',
  'is-network-error',
  'p-retry',
  'pg',
  'pg-protocol',
  'undici',
  'uplot',
];

const bill = JSON.parse(read('dist/sbom.cdx.json'));
const own = JSON.parse(read('package.json'));
assert.equal(bill.bomFormat, 'CycloneDX');
assert.equal(bill.metadata.component.purl, `pkg:npm/${own.name}@${own.version}`);

const listed = new Map(bill.components.map((component) => [component.name, component]));
for (const name of EXPECTED) assert.ok(listed.has(name), `${name} is bundled, and not in the bill of materials`);
for (const [name, { version, purl, licenses }] of listed) {
  const installed = JSON.parse(read(`node_modules/${name}/package.json`));
  assert.equal(version, installed.version, name);
  assert.ok(purl.startsWith('pkg:npm/') && licenses.length > 0, name);
}

const licences = read('dist/THIRD-PARTY-LICENSES.txt').split(`\n${'-'.repeat(80)}\n\n`);
const titles = licences.map((text) => text.split('\n')[0]);
const expected = bill.components.map(
  ({ name, version, licenses: [{ license, expression }] }) => `${name} ${version} (${license?.id ?? expression})`,
);
assert.deepEqual(titles, expected);
for (const text of licences) assert.match(text, /permission|apache license/i, text.slice(0, 80));

// What the maps name is listed.
for (const file of readdirSync(join(root, 'dist'), { recursive: true })) {
  if (!/\.c?js\.map$/.test(file)) continue;
  for (const source of JSON.parse(read(`dist/${file}`)).sources) {
    const [, name] = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source) ?? [];
    assert.ok(name === undefined || listed.has(name), `${file} holds ${name}, which is not in the bill of materials`);
  }
}

// And the bot keeps them up to date.
const rules = JSON.parse(read('renovate.json')).packageRules.flatMap(({ matchPackageNames = [] }) => matchPackageNames);
for (const name of EXPECTED.filter((one) => own.dependencies[one] ?? own.devDependencies[one])) {
  assert.ok(rules.includes(name), `${name} is bundled: name it in renovate.json`);
}
console.log(`${listed.size} bundled packages, each with its licence and in the bill of materials.`);
