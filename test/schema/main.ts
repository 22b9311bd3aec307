// npm run schema:diff -- FILE: names what a newer schema of the Ingest API changes. Exit code 1 on a difference.
import { readFileSync } from 'node:fs';
import { diffSchemas } from './diff.js';
import { readFixture, readPublished } from './facts.js';

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error('Usage: npm run schema:diff -- FILE, a newer schema in the layout of the published types.');
  process.exit(2);
}
const read = (path: string | URL): unknown => JSON.parse(readFileSync(path, 'utf8'));
const known = readFixture(read(new URL('../fixtures/ingest-schema.json', import.meta.url)));
const changes = diffSchemas(known, readPublished(read(file)));
for (const change of changes) console.log(change);
console.log(
  changes.length === 0 ? 'Nothing has changed.' : `${changes.length} changes; docs/schema.md says what to do.`,
);
process.exitCode = changes.length === 0 ? 0 : 1;
