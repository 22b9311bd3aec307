/** What a command has of the world. */
export interface CommandContext {
  readonly print: (line: string) => void;
  /** Aborted when the command shall end. */
  readonly stop: AbortSignal;
}

/** One word after `ours-ingest`. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  readonly usage: string;
  /** Resolves when the command has ended. @throws UsageError for arguments it cannot use. */
  run(args: readonly string[], context: CommandContext): Promise<void>;
}

/** The command line is wrong, and its usage should be shown. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
