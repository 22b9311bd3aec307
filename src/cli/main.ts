#!/usr/bin/env node
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { printable } from '../core/printable.js';
import { later, MAX_TIMER_MS } from '../core/timers.js';
import { backfill } from './backfill.js';
import { check } from './check.js';
import { type Command, type CommandContext, messageOf, UsageError, VERSION } from './command.js';
import { deadLetters } from './dead-letters.js';
import { dev } from './dev.js';
import { doctor } from './doctor.js';
import { forget } from './forget.js';
import { mcp } from './mcp.js';
import { pull } from './pull.js';
import { relay } from './relay.js';
import { send } from './send.js';
import { status } from './status.js';

const commands: Readonly<Record<string, Command>> = {
  dev,
  relay,
  status,
  'dead-letters': deadLetters,
  forget,
  send,
  backfill,
  doctor,
  check,
  pull,
  mcp,
};

/** How long open handles of a user's module, such as a connection pool, keep a finished command alive. */
const EXIT_WITHIN_MS = 1_000;

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

let isOutputLost = false;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (isOutputLost) return;
  isOutputLost = true;
  // The reader may stop reading, as `head` does.
  if (error.code === 'EPIPE') return;
  console.error(`The output cannot be written: ${error.message}`);
  process.exitCode = 1;
});

const [name = '', ...args] = process.argv.slice(2);
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;

if (command !== undefined) {
  await run(command);
} else if (name === '--help' || name === '-h') {
  print(overview());
} else if (name === '--version' || name === '-v') {
  print(VERSION);
} else {
  console.error(overview());
  if (name !== '') console.error(`\nUnknown command '${printable(name, 40)}'.`);
  process.exitCode = 2;
}

/** Unlike `console.log`, does not hide that stdout fails. */
function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function overview(): string {
  const width = Math.max(...Object.keys(commands).map(({ length }) => length)) + 2;
  const list = Object.entries(commands).map(([known, { summary }]) => `  ${known.padEnd(width)}${summary}`);
  return [
    'Usage: ours-ingest <command> [options]',
    '',
    ...list,
    '',
    'Run ours-ingest <command> --help for details.',
  ].join('\n');
}

/** Runs until the command ends or a signal stops it. A second signal ends the process the usual way. */
async function run({ run: start, loadsModule }: Command): Promise<void> {
  const stop = new AbortController();
  const onSignal = (): void => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    stop.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  const canAsk = process.stdin.isTTY && process.stdout.isTTY;
  const context: CommandContext = {
    print: (line) => print(printable(line)),
    warn: (line) => console.error(printable(line)),
    terminal: process.stderr.isTTY ? process.stderr : undefined,
    ask: canAsk ? (question) => ask(question) : undefined,
    askSecret: canAsk ? (question) => ask(question, { isSecret: true }) : undefined,
    env: process.env,
    stop: stop.signal,
  };
  // Commands wait for unref'd timers.
  const alive = setInterval(() => undefined, MAX_TIMER_MS);
  try {
    await start(args, context);
  } catch (error) {
    context.warn(messageOf(error));
    if (error instanceof UsageError) console.error(`See ours-ingest ${name} --help.`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  } finally {
    clearInterval(alive);
    if (loadsModule) later(EXIT_WITHIN_MS, () => process.exit());
  }
}

async function ask(question: string, { isSecret = false } = {}): Promise<string> {
  // readline echoes input to its output.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const output = isSecret ? nowhere : process.stdout;
  if (isSecret) process.stdout.write(question);
  const terminal = createInterface({ input: process.stdin, output, terminal: true });
  const closed = new AbortController();
  // After Ctrl-C or Ctrl-D the question would wait forever.
  terminal.once('close', () => closed.abort());
  try {
    return await terminal.question(question, { signal: closed.signal });
  } finally {
    terminal.close();
    if (isSecret) process.stdout.write('\n');
  }
}
