import { existsSync, readdirSync } from 'node:fs';

// Runs `npm run example NAME`.
const folder = new URL('.', import.meta.url);
const names = readdirSync(folder).filter((name) => existsSync(new URL(`${name}/main.ts`, folder)));

const [name] = process.argv.slice(2);
if (name && names.includes(name)) {
  await import(`./${name}/main.ts`);
} else {
  const problem = name ? `There is no example '${name}'.` : 'Which example?';
  console.error(`${problem} npm run example ${names.join(' | ')}`);
  process.exitCode = 1;
}
