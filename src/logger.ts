import { printable } from './protocol/printable.js';
import { callUser } from './protocol/user-call.js';

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

/** Says a thing once per episode. An outage or a full queue would otherwise write one line an event. */
export interface Episodes {
  /** Speaks unless the topic's episode is open; `end` closes it. */
  say(topic: string, message: string): void;
  /** Speaks at most once a minute, for what has no end that could be noticed. */
  remind(topic: string, message: string): void;
  end(topic: string): void;
}

export function createEpisodes(logger: Logger, monotonic: () => number): Episodes {
  const saidAt = new Map<string, number>();

  function speak(topic: string, message: string): void {
    saidAt.set(topic, monotonic());
    logger.warn(message);
  }

  return {
    say(topic, message) {
      if (!saidAt.has(topic)) speak(topic, message);
    },
    remind(topic, message) {
      if (monotonic() - (saidAt.get(topic) ?? Number.NEGATIVE_INFINITY) >= REMINDER_MS) speak(topic, message);
    },
    end(topic) {
      saidAt.delete(topic);
    },
  };
}

/** What an error says, as a sentence. */
export function sentenceOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
