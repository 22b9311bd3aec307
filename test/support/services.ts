import type { OwnServer } from './services/own-server.js';
import { checkPostgres, startPostgres, USUAL_POSTGRES } from './services/postgres.js';
import { checkRedis, startRedis, USUAL_REDIS } from './services/redis.js';

interface Service {
  readonly name: string;
  readonly variable: 'POSTGRES_URL' | 'REDIS_URL';
  readonly usualUrl: string;
  readonly check: (url: string) => Promise<void>;
  readonly start: () => Promise<OwnServer | undefined>;
  /** What is left out without it. */
  readonly untested: string;
}

const SERVICES: readonly Service[] = [
  {
    name: 'PostgreSQL',
    variable: 'POSTGRES_URL',
    usualUrl: USUAL_POSTGRES,
    check: checkPostgres,
    start: startPostgres,
    untested:
      'The Postgres outbox is held to its contract on PGlite, which has one connection: several processes, wake-ups and crashes are NOT tested.',
  },
  {
    name: 'Redis',
    variable: 'REDIS_URL',
    usualUrl: USUAL_REDIS,
    check: checkRedis,
    start: startRedis,
    untested: 'The Redis outbox is NOT tested.',
  },
];

/**
 * Finds the servers the tests need and names them in `POSTGRES_URL` and `REDIS_URL`: what the variable says already, the
 * usual address on this machine, or a server started for this run. Where there is none the variable is left unset and what
 * could not be tested is said; with `CI` set that is an error.
 */
export default async function findServices(): Promise<() => Promise<void>> {
  const started: OwnServer[] = [];
  const stopAll = async (): Promise<void> => {
    await Promise.all(started.map((server) => server.stop()));
  };
  const missing: string[] = [];
  for (const service of SERVICES) {
    const { variable, usualUrl, check } = service;
    const given = process.env[variable] || undefined;
    const troubles: string[] = [];
    const answers = async (url: string, called: string): Promise<boolean> => {
      const error = await check(url).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      // Never the URL a person has set: it may hold a password.
      if (error !== undefined) troubles.push(`${called} cannot be used (${messageOf(error)})`);
      return error === undefined;
    };
    if (given !== undefined && (await answers(given, variable))) continue;
    if (given === undefined && (await answers(usualUrl, usualUrl))) {
      process.env[variable] = usualUrl;
      continue;
    }
    try {
      const server = await service.start();
      if (server !== undefined) {
        started.push(server);
        process.env[variable] = server.url;
        if (given !== undefined) say([`${troubles.join('; ')}: the tests use a ${service.name} of their own.`]);
        continue;
      }
      troubles.push('it is not installed here');
    } catch (error) {
      troubles.push(`it could not be started here: ${messageOf(error)}`);
    }
    delete process.env[variable];
    missing.push(`No ${service.name}: ${troubles.join('; ')}.`, `  ${service.untested}`);
  }
  if (missing.length > 0) {
    const remedy = 'Start them, install them (the tests start their own), or set POSTGRES_URL and REDIS_URL.';
    if (process.env.CI) {
      await stopAll();
      throw new Error(['the tests need real servers where CI is set.', ...missing, remedy].join('\n'));
    }
    say([...missing, remedy]);
  }
  return stopAll;
}

function say(lines: readonly string[]): void {
  const rule = '!'.repeat(100);
  process.stderr.write(`\n${[rule, ...lines.map((line) => `! ${line}`), rule].join('\n')}\n\n`);
}

/** A refused connection says why in its code alone where several addresses were tried. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || String((error as NodeJS.ErrnoException).code ?? error.name);
}
