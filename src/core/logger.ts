import { printable } from './printable.js';
import { callUser } from './user-call.js';

/** The logger this package expects. The console, pino and winston fit unchanged. */
export interface Logger {
  warn(message: string): void;
  /** Receives the output of the option `debug`. @default `warn` receives it */
  debug?(message: string): void;
}

/**
 * Wraps the user's logger so that it never throws or rejects: a broken log sink must not cost an event. Messages quote event
 * names and answers of servers, so each is made printable.
 */
export function guardLogger(logger: Logger): Required<Logger> {
  return {
    warn: (message) => callUser(() => logger.warn(toLine(message))),
    debug: (message) => callUser(() => (logger.debug ?? logger.warn).call(logger, toLine(message))),
  };
}

function toLine(message: string): string {
  return printable(`[ours-ingest] ${message}`);
}

/** The interval of a repeated warning. */
const REMINDER_MS = 60_000;
/** How many different warnings of one minute {@link WarnOnce.throttledEach} remembers. */
const MAX_KEPT = 64;

/**
 * Limits repeated warnings. An outage or a full queue would otherwise write one line per event. Topics are constants of this
 * package, so there are few; only `throttledEach`, which has a bound, distinguishes data of events and visitors.
 */
export interface WarnOnce {
  /** Warns, and then not again until `end` of the topic. */
  once(topic: string, message: string): void;
  /** Warns at most once a minute, for conditions without a noticeable end. */
  throttled(topic: string, message: string): void;
  /**
   * Warns at most once a minute for each message, or for each topic where messages differ only in details. Above the bound,
   * further messages are left out, and one warning a minute says so.
   */
  throttledEach(message: string, topic?: string): void;
  end(topic: string): void;
}

export function createWarnOnce(logger: Logger, monotonic: () => number): WarnOnce {
  /** When each topic or message may be logged again. */
  const quietUntil = new Map<string, number>();

  function speak(key: string, message: string, until: number): void {
    quietUntil.set(key, until);
    logger.warn(message);
  }

  function isQuiet(key: string): boolean {
    return (quietUntil.get(key) ?? Number.NEGATIVE_INFINITY) > monotonic();
  }

  function remind(topic: string, message: string): void {
    if (!isQuiet(topic)) speak(topic, message, monotonic() + REMINDER_MS);
  }

  function hasRoom(): boolean {
    if (quietUntil.size >= MAX_KEPT) {
      for (const [key, until] of quietUntil) if (until <= monotonic()) quietUntil.delete(key);
    }
    return quietUntil.size < MAX_KEPT;
  }

  return {
    once(topic, message) {
      if (!quietUntil.has(topic)) speak(topic, message, Number.POSITIVE_INFINITY);
    },
    throttled: remind,
    throttledEach(message, topic = message) {
      if (isQuiet(topic)) return;
      if (hasRoom()) remind(topic, message);
      else remind('bound', `${MAX_KEPT} different warnings within a minute: others are left out.`);
    },
    end(topic) {
      quietUntil.delete(topic);
    },
  };
}

/** The message of an error, as a sentence. */
export function sentenceOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
