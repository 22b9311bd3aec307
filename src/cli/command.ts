import { createRequire } from 'node:module';
import { type ParseArgsConfig, parseArgs } from 'node:util';

/** The surroundings of a command. */
export interface CommandContext {
  /** Writes one line of the command's answer. It is made printable, whatever it quotes. */
  readonly print: (line: string) => void;
  /** Writes one line to stderr, made printable. */
  readonly warn: (line: string) => void;
  /** Where to draw a progress bar; `undefined` without a terminal. */
  readonly terminal: NodeJS.WritableStream | undefined;
  /** Asks the user and resolves to the answer; `undefined` without a terminal. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  /** Asks for a secret, which is not echoed. */
  readonly askSecret: ((question: string) => Promise<string>) | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the command must stop. */
  readonly stop: AbortSignal;
}

/** One command of `ours-ingest`. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** Whether it loads a module of the user, which may leave open handles. @default false */
  readonly loadsModule?: boolean;
  /**
   * Resolves when the command is done; the exit code is then 0.
   * @throws UsageError for invalid arguments: the exit code is 2
   * @throws {Error} when something was not done: the exit code is 1
   */
  run(args: readonly string[], context: CommandContext): Promise<void>;
}

/** The command line is wrong. The message is followed by a hint to the usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Prints a usage line by line, because `print` escapes line breaks. */
export function printUsage(usage: string, { print }: Pick<CommandContext, 'print'>): void {
  for (const line of usage.split('\n')) print(line);
}

/** Parses a command's arguments. @throws UsageError for arguments that `config` does not know */
export function readArguments<Config extends ParseArgsConfig>(config: Config): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

export const PORTS: Range = { min: 0, max: 65_535 };

/** Reads an integer option; `undefined` if it was not given. @throws UsageError naming the option */
export function integerOption(option: string, text: string | undefined, { min, max }: Range): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${option} must be an integer from ${min} to ${max}; got ${text}.`);
}

/** The message of an error; its code, or the message of its first inner error, if it has none. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.message || (error as { readonly code?: string }).code || error.name;
}

/** The error of a server that could not listen, with advice when the port is in use. */
export function listenError(error: unknown, host: string, port: number): unknown {
  if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) return error;
  const message = `port ${port} of ${host} is in use: choose another with --port (0 for a free one), or stop the other server.`;
  return new Error(message, { cause: error });
}

/** This package's version. Resolved by its own name, because the sources and the bundle are at different depths. */
export const VERSION: string = (
  createRequire(import.meta.url)('ours-ingest/package.json') as { readonly version: string }
).version;
