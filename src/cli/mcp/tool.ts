import type { z } from 'zod';

/** One tool of the server. */
export interface Tool {
  readonly name: string;
  readonly title: string;
  /** For the model: when to use it, and what it answers. */
  readonly description: string;
  readonly input: z.ZodObject;
  /** Whether it changes something. Such tools exist only with `--write`. */
  readonly isWriting: boolean;
  /** @throws {Error} whose message says what to do; the model sees it */
  run(input: never): Promise<unknown>;
}

/** Creates a tool whose input has the type of its schema. */
export function tool<Input extends z.ZodObject>(
  definition: Omit<Tool, 'input' | 'run'> & {
    readonly input: Input;
    run(input: z.infer<Input>): Promise<unknown>;
  },
): Tool {
  return definition as Tool;
}
