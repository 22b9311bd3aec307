/** Redis did not do what the outbox asked of it. The message says what to do. */
export class RedisOutboxError extends Error {
  override readonly name = 'RedisOutboxError';
  /** Whether the same may succeed a moment later. */
  readonly isTransient: boolean;
  /** Whether it is certain that the command changed nothing and never will: no answer was lost, no command is under way. */
  storedNothing = false;

  constructor(message: string, isTransient: boolean) {
    super(message);
    this.isTransient = isTransient;
  }
}

interface Trouble {
  /** In what Redis or the client says; a script puts words of its own around Redis's. */
  readonly sign: RegExp;
  readonly isTransient: boolean;
  /** @param name the outbox's */
  readonly advice: (name: string) => string;
}

const TROUBLES: readonly Trouble[] = [
  {
    sign: /\bNOAUTH\b/,
    isTransient: false,
    advice: () => 'Redis wants a password: give the client one, as in redis://user:password@host.',
  },
  {
    sign: /\bWRONGPASS\b/,
    isTransient: false,
    advice: () => 'Redis refused the user name or password: check the ones given to the client.',
  },
  {
    sign: /\bNOPERM\b/,
    isTransient: false,
    advice: (name) =>
      `this Redis user may not do what the outbox does: ACL SETUSER <user> ~{${name}}:* +@read +@write +@scripting +time.`,
  },
  {
    sign: /\bREADONLY\b/,
    isTransient: true,
    advice: () => 'this Redis is a read-only replica: connect to the primary, through Sentinel or the cluster.',
  },
  {
    sign: /\bOOM\b/,
    isTransient: false,
    advice: () => 'Redis has reached maxmemory: raise it, or look why no relay drains the outbox.',
  },
  {
    sign: /\bMISCONF\b/,
    isTransient: false,
    advice: () => 'Redis cannot write to its disk and takes nothing until it can: see its log, free space.',
  },
  {
    sign: /\bWRONGTYPE\b/,
    isTransient: false,
    advice: (name) =>
      `one of the keys {${name}}:* holds something else: give the outbox another name, or remove that key.`,
  },
  {
    sign: /\bNOGROUP\b/,
    isTransient: false,
    advice: (name) =>
      `the stream's group is gone: XGROUP CREATE {${name}}:stream relays 0 has every entry delivered again.`,
  },
  {
    sign: /unknown (redis )?command|syntax error/i,
    isTransient: false,
    advice: () => 'the outbox needs Redis 6.2 or later, with scripts allowed.',
  },
  {
    sign: /\b(LOADING|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|BUSY|NOREPLICAS|MOVED|ASK)\b/,
    isTransient: true,
    advice: () => 'Redis is not ready: it starts, fails over or is busy. If that lasts, see its log.',
  },
  {
    sign: /client is closed|connection is closed/i,
    isTransient: false,
    advice: () => 'the Redis client is not connected: connect it first, and close it after the outbox.',
  },
];

/** A reply begins with a code in capitals; what the clients say of a connection does not. */
const REPLY = /^[A-Z]{2,}\b/;

/**
 * The error as it may be shown. The client's own is not kept as its cause: it may carry the whole command, with every event
 * in it.
 *
 * @param name the outbox's
 */
export function toRedisOutboxError(error: unknown, name: string): RedisOutboxError {
  const said = error instanceof Error ? error.message : String(error);
  const trouble = TROUBLES.find(({ sign }) => sign.test(said));
  if (trouble !== undefined) return new RedisOutboxError(trouble.advice(name), trouble.isTransient);
  if (REPLY.test(said)) return new RedisOutboxError(`Redis answered: ${said.slice(0, 200)}`, false);
  // Wrong arguments will not be better a moment later.
  const isTransient = !(error instanceof TypeError || error instanceof RangeError);
  return new RedisOutboxError(
    `the connection to Redis failed (${said.slice(0, 200)}): see that the server runs and can be reached.`,
    isTransient,
  );
}

export function isTransient(error: unknown): boolean {
  return error instanceof RedisOutboxError && error.isTransient;
}
