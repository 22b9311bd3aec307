import { printable } from './printable.js';
import { callUser } from './user-call.js';

/** What this package needs of a logger. The console, pino and winston all fit as they are. */
export interface Logger {
  warn(message: string): void;
  /** Hears what the option `debug` tells; without it `warn` does. */
  debug?(message: string): void;
}

/**
 * A logger that can be called anywhere on the delivery line: what the user's logger throws or rejects with ends here, because
 * a broken log sink must not cost an event. Messages quote event names and answers of servers, so each is made printable.
 */
export function guardLogger(logger: Logger): Required<Logger> {
  return {
    // When it fails, there is no one left to tell.
    warn: (message) => callUser(() => logger.warn(toLine(message))),
    debug: (message) => callUser(() => (logger.debug ?? logger.warn).call(logger, toLine(message))),
  };
}

function toLine(message: string): string {
  return printable(`[ours-ingest] ${message}`);
}

/** How often a warning without an end is repeated. */
const REMINDER_MS = 60_000;
/** So many different warnings that {@link WarnOnce.throttledEach} has given within a minute are kept, so that it does not repeat them. */
const MAX_KEPT = 64;

/**
 * Says a thing once per episode. An outage or a full queue would otherwise write one line an event. Topics are words of this
 * package's own, so there are few of them; what events and visitors hold is told apart by `each` alone, which has a bound.
 */
export interface WarnOnce {
  /** Speaks unless the topic's episode is open; `end` closes it. */
  once(topic: string, message: string): void;
  /** Speaks at most once a minute, for what has no end that could be noticed. */
  throttled(topic: string, message: string): void;
  /**
   * Speaks at most once a minute for each message, or each topic where messages differ in what does not matter. Above the bound
   * further ones are left out, and that is said once a minute.
   */
  throttledEach(message: string, topic?: string): void;
  end(topic: string): void;
}

export function createWarnOnce(logger: Logger, monotonic: () => number): WarnOnce {
  /** Until when a topic or a message is not said again. */
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
      else remind('bound', `${MAX_KEPT} different warnings came within a minute: further ones are left out for now.`);
    },
    end(topic) {
      quietUntil.delete(topic);
    },
  };
}

/** What an error says, as a sentence. */
export function sentenceOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
