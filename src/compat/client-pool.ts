import { type Client, createClient, type FlushOptions, type Totals } from 'ours-ingest';
import { guardLogger } from '../core/logger.js';
import { APIConnectionError, BadRequestError } from './errors.js';
import type { LogLevel, Settings } from './options.js';

/** The source token of a client that only asks for assignments. It is never sent. */
const NO_SOURCE = 'experiments-only';

/** The clients behind one set of options: one for each token, because a batch carries one token. */
export interface ClientPool {
  /** @throws {OursError} `invalid_option` for an invalid token */
  forSource(token: unknown): Client;
  /** @throws {OursError} `invalid_option` for an invalid token */
  forExperiments(token: unknown): Client;
  /** Logs each message once. */
  warnOnce(message: string): void;
  flush(options?: FlushOptions): Promise<Totals>;
  close(options?: FlushOptions): Promise<Totals>;
}

export function createClientPool(settings: Settings): ClientPool {
  const { own, logger, logLevel } = settings;
  const clients = new Map<string, Client>();
  const warned = new Set<string>();
  const level = LEVELS[logLevel];
  const log = {
    warn: (message: string) => void (level >= LEVELS.warn && logger.warn(message)),
    debug: (message: string) => void (logger.debug ?? logger.warn).call(logger, message),
  };
  const guarded = guardLogger(log);
  const common = { ...own, logger: log, debug: level >= LEVELS.debug ? true : undefined };
  let isClosed = false;

  function clientFor(key: string, create: () => Client): Client {
    if (isClosed) throw new APIConnectionError({ message: 'The client was closed before this call.' });
    const found = clients.get(key) ?? create();
    clients.set(key, found);
    return found;
  }

  const pool: ClientPool = {
    forSource(token) {
      checkToken(token);
      return clientFor(`source ${token}`, () => {
        const others = [...clients.keys()].some((key) => key.startsWith('source '));
        if (own.outbox !== undefined && others) {
          throw new BadRequestError(
            400,
            'an outbox holds the events of one source, and this call has another token: create a second client with an outbox of its own for it.',
          );
        }
        const experimentToken = token === settings.token ? settings.experimentToken : undefined;
        return createClient({ ...common, token, experimentToken });
      });
    },
    forExperiments(token) {
      checkToken(token);
      if (token === settings.experimentToken && settings.token !== undefined) return pool.forSource(settings.token);
      return clientFor(`experiments ${token}`, () =>
        createClient({ ...common, outbox: undefined, token: NO_SOURCE, experimentToken: token }),
      );
    },
    warnOnce(message) {
      if (warned.has(message)) return;
      warned.add(message);
      guarded.warn(message);
    },
    flush: (options) => sum([...clients.values()].map((client) => client.flush(options))),
    close(options) {
      isClosed = true;
      return sum([...clients.values()].map((client) => client.close(options)));
    },
  };
  return pool;
}

const LEVELS: Readonly<Record<LogLevel, number>> = { off: 0, error: 1, warn: 2, info: 3, debug: 4 };

function checkToken(token: unknown): asserts token is string {
  if (typeof token === 'string' && token !== '') return;
  throw new BadRequestError(400, 'token is missing: every call needs one, as the dashboard shows it.');
}

async function sum(all: readonly Promise<Totals>[]): Promise<Totals> {
  const total = { delivered: 0, pending: 0, rejected: 0, dropped: 0, unknown: 0 };
  for (const totals of await Promise.all(all)) {
    for (const name of Object.keys(total) as (keyof Totals)[]) total[name] += totals[name];
  }
  return total;
}
