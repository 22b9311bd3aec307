// npm run schema:diff -- FILE: names what a newer schema of the Ingest API changes. Exit code 1 on a difference, 2 when there is
// nothing to compare.
import { readFileSync } from 'node:fs';
import { diffSchemas } from './diff.js';
import { readFixture, readPublished, type Schema } from './facts.js';

const [file] = process.argv.slice(2);
const newer = file === undefined ? undefined : readNewer(file);
if (file === undefined) {
  console.error('Usage: npm run schema:diff -- FILE, a newer schema in the layout of the published types.');
}
if (newer === undefined) {
  process.exitCode = 2;
} else {
  const known = readFixture(readJson(new URL('../fixtures/ingest-schema.json', import.meta.url)));
  const changes = diffSchemas(known, newer);
  for (const change of changes) console.log(change);
  const count = changes.length === 1 ? '1 change' : `${changes.length} changes`;
  console.log(changes.length === 0 ? 'Nothing has changed.' : `${count}; docs/schema.md says what to do.`);
  process.exitCode = changes.length === 0 ? 0 : 1;
}

function readNewer(path: string): Schema | undefined {
  try {
    return readPublished(readJson(path));
  } catch (error) {
    console.error(`${path} holds no schema in the layout of the published types: ${(error as Error).message}`);
    return undefined;
  }
}

function readJson(path: string | URL): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
