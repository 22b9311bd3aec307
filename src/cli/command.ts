/** What a command has of the world. */
export interface CommandContext {
  /** Writes one line of the command's answer, for a person or a program. It arrives printable, whatever names and answers it quotes. */
  readonly print: (line: string) => void;
  /** Writes one line beside the answer, for the person only; printable as well. */
  readonly warn: (line: string) => void;
  /** Where a progress bar can be drawn; `undefined` where nobody watches. */
  readonly terminal: NodeJS.WritableStream | undefined;
  /** Asks the person and resolves to what was typed; `undefined` where nobody can answer. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  /** The same for a secret, which is not shown while it is typed. */
  readonly askSecret: ((question: string) => Promise<string>) | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the command shall end. */
  readonly stop: AbortSignal;
}

/** One word after `ours-ingest`. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** Whether it loads a module of the user's, which may leave open what keeps a process. @default false */
  readonly loadsModule?: boolean;
  /**
   * Resolves when the command has done what it was asked to, and the exit code is 0.
   * @throws UsageError for arguments it cannot use: the exit code is 2
   * @throws {Error} saying what was not done: 1
   */
  run(args: readonly string[], context: CommandContext): Promise<void>;
}

/** Prints a usage line by line: whatever is printed as one line stays one. */
export function printUsage(usage: string, { print }: Pick<CommandContext, 'print'>): void {
  for (const line of usage.split('\n')) print(line);
}

/** The command line is wrong; whoever reads it is pointed to the usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
