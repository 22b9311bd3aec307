// npm run fixtures [-- FILE…]: runs fixture files of either format; without arguments, both files of test/fixtures.
import { fileURLToPath } from 'node:url';
import { runFiles } from './run.js';

const published = ['attribution.json', 'bayes.json'].map((name) =>
  fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url)),
);
const files = process.argv.slice(2);
process.exitCode = runFiles(files.length > 0 ? files : published, (line) => console.log(line));
