/** What a command has of the world. */
export interface CommandContext {
  /** Writes a line for who reads the command's answer, or a program that does. */
  readonly print: (line: string) => void;
  /** Writes a line beside the answer, for the person only. */
  readonly warn: (line: string) => void;
  /** Where a progress bar can be drawn; `undefined` where nobody watches. */
  readonly terminal: NodeJS.WritableStream | undefined;
  /** Asks the person and resolves to what was typed; `undefined` where nobody can answer. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the command shall end. */
  readonly stop: AbortSignal;
}

/** One word after `ours-ingest`. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /**
   * Resolves when the command has done what it was asked to, and the exit code is 0.
   * @throws UsageError for arguments it cannot use: the exit code is 2
   * @throws {Error} saying what was not done: 1
   */
  run(args: readonly string[], context: CommandContext): Promise<void>;
}

/** The command line is wrong; whoever reads it is pointed to the usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
