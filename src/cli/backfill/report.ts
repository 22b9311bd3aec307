import { count } from '../amounts.js';
import { reasonOf } from '../outcome-words.js';
import type { Examine } from './examine.js';
import type { Row } from './source.js';

interface Problem {
  rows: number;
  readonly firstRow: number;
  /** What is wrong with the first one. */
  readonly message: string | undefined;
}

/** What can be said of the rows before any is sent. */
export class Report {
  rows = 0;
  unsendable = 0;
  readonly #examine: Examine;
  readonly #problems = new Map<string, Problem>();
  /** Events that do not say when they happened. */
  #timeless = 0;

  constructor(examine: Examine) {
    this.#examine = examine;
  }

  add({ end, event }: Row): void {
    this.rows += 1;
    const examined = this.#examine(event);
    if (!('status' in examined)) {
      if (examined.kind === 'track' && examined.input.time == null) this.#timeless += 1;
      return;
    }
    this.unsendable += 1;
    const code = reasonOf(examined);
    const problem = this.#problems.get(code);
    if (problem !== undefined) problem.rows += 1;
    else this.#problems.set(code, { rows: 1, firstRow: end.row, message: examined.message });
  }

  lines(): string[] {
    const { rows, unsendable } = this;
    const others = unsendable === 0 ? '.' : `, ${count(unsendable)} cannot:`;
    const problems = [...this.#problems].map(
      ([code, problem]) => `  ${count(problem.rows)} ${code}, first in row ${problem.firstRow}: ${problem.message}`,
    );
    const timeless =
      this.#timeless === 0
        ? []
        : [`${count(this.#timeless)} have no time and will count as of the moment they are sent.`];
    return [`${count(rows)} rows: ${count(rows - unsendable)} can be sent${others}`, ...problems, ...timeless];
  }
}
