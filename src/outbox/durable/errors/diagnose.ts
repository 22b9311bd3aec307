import { type ErrorFact, readErrorFacts } from './error-facts.js';
import { type Engine, ERROR_TABLES, type ErrorRow } from './transient-errors.js';

/** The meaning of an engine's error. */
export interface Diagnosis {
  /** Whether the same call may succeed a moment later. */
  readonly isTransient: boolean;
  /** The SQLSTATE, the SQLite result code, or the system's or library's name for the failure. */
  readonly code: string | undefined;
  /** What happened and what to do, without a full stop. Never contains an event's data. */
  readonly advice: string;
}

/**
 * Explains an error and decides whether it is transient. The innermost error comes first, then the libraries around it.
 *
 * @param place the table, name or file of the outbox, for the advice
 */
export function diagnose(error: unknown, engine: Engine, place: string): Diagnosis {
  const { rows, otherwise } = ERROR_TABLES[engine];
  const facts = readErrorFacts(error);
  for (const fact of facts) {
    const row = rows.find((one) => matches(one, fact));
    if (row !== undefined) return toDiagnosis(row, fact, place);
  }
  return toDiagnosis(otherwise, facts.find(({ message }) => message !== '') ?? facts[0]!, place);
}

function matches({ code, name, says }: ErrorRow, fact: ErrorFact): boolean {
  return (
    (code === undefined || (fact.code !== undefined && code.test(fact.code))) &&
    (name === undefined || name.test(fact.name)) &&
    (says === undefined || says.test(fact.message))
  );
}

function toDiagnosis({ isTransient, advice }: ErrorRow, fact: ErrorFact, place: string): Diagnosis {
  return {
    isTransient,
    code: fact.code,
    advice: typeof advice === 'string' ? advice : advice(place, quotable(fact.message)),
  };
}

/** Knex and Drizzle put the statement and its values, which are personal data, into the message. */
function quotable(message: string): string {
  return /::text|^Failed query/.test(message)
    ? "the SQL client's message is left out, because it quotes events"
    : message.trim().replace(/\.$/, '').slice(0, 200);
}
