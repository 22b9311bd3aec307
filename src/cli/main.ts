#!/usr/bin/env node
import { type Command, UsageError } from './command.js';
import { dev } from './dev.js';

const commands: Readonly<Record<string, Command>> = { dev };

const [name = '', ...args] = process.argv.slice(2);
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;

if (command !== undefined) {
  await run(command);
} else if (name === '--help' || name === '-h') {
  console.log(overview());
} else {
  console.error(overview());
  process.exitCode = 2;
}

function overview(): string {
  const list = Object.entries(commands).map(([known, { summary }]) => `  ${known.padEnd(8)}${summary}`);
  return ['Usage: ours-ingest <command> [options]', '', ...list].join('\n');
}

/** Runs until the command ends by itself or a signal asks it to; a second signal ends the process the usual way. */
async function run({ run: start, usage }: Command): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  try {
    await start(args, { print: console.log, stop: stop.signal });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    if (error instanceof UsageError) console.error(`\n${usage}`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}
