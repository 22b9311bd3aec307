/** One thing a fixture file states. */
export interface Case {
  readonly name: string;
  /** What differs from what the file states, a line each; none when all of it holds. */
  differences(): string[];
}
