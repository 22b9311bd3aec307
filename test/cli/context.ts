import type { CommandContext } from '../../src/cli/command.js';
import { printable } from '../../src/core/printable.js';

/** A command's context that records its output. */
export interface TestContext extends CommandContext {
  readonly printed: string[];
  readonly warned: string[];
  /** Resolves once this many lines are printed. */
  lines(count: number): Promise<void>;
}

/** A context without environment and terminal, unless given. */
export function testContext(given: Partial<CommandContext> = {}): TestContext {
  const [printed, warned]: [string[], string[]] = [[], []];
  let heard: () => void = () => undefined;
  return {
    print: (line) => {
      printed.push(printable(line));
      heard();
    },
    warn: (line) => void warned.push(printable(line)),
    terminal: undefined,
    ask: undefined,
    askSecret: undefined,
    env: {},
    stop: new AbortController().signal,
    ...given,
    printed,
    warned,
    async lines(count) {
      while (printed.length < count) {
        await new Promise<void>((resolve) => {
          heard = resolve;
        });
      }
    },
  };
}
