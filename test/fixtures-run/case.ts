/** One case of a fixture file. */
export interface Case {
  readonly name: string;
  /** The differences from the file, one line each; empty if the case passes. */
  differences(): string[];
}
