import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chown, constants, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const START_MS = 30_000;

/** Who a server runs as; `undefined` for whoever runs the tests. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** A server that was started for this test run alone. */
export interface OwnServer {
  readonly url: string;
  /** Ends it and removes its directory. */
  stop(): Promise<void>;
}

/** An account that is not root's, which some servers refuse; of several names the first that exists. */
export async function otherThanRoot(names: readonly string[]): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of names) {
    try {
      const [uid, gid] = await Promise.all(
        ['-u', '-g'].map(async (what) => Number((await run('id', [what, name])).stdout)),
      );
      return { uid: uid!, gid: gid! };
    } catch {
      // No such account here.
    }
  }
  throw new Error(`the tests run as root and none of the accounts ${names.join(', ')} exists to run the server as.`);
}

/** Where a program is: on the PATH, or in the newest of the directories where packagers hide it. */
export async function findProgram(name: string, packaged?: string): Promise<string | undefined> {
  const versions = packaged === undefined ? [] : await readdir(packaged).catch(() => []);
  const hidden = versions
    .toSorted((one, other) => Number(other) - Number(one))
    .map((one) => join(packaged!, one, 'bin'));
  for (const directory of [...(process.env.PATH ?? '').split(delimiter), ...hidden]) {
    const path = join(directory, name);
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}

export interface OwnServerOptions {
  readonly program: string;
  readonly account?: Account | undefined;
  /** What asks it to end at once. */
  readonly endSignal: NodeJS.Signals;
  /** Fills the directory before the start. */
  readonly prepare?: (directory: string) => Promise<void>;
  readonly args: (directory: string, port: number) => readonly string[];
  readonly urlOf: (port: number) => string;
  /** Rejects as long as it cannot be used. */
  readonly check: (url: string) => Promise<void>;
}

/**
 * Starts a server in a directory of its own, on a free port of this machine; resolves when it can be used.
 * @throws when it ends by itself or is not ready in time, with the last of what it said
 */
export async function startOwnServer(options: OwnServerOptions): Promise<OwnServer> {
  const { program, account, endSignal, args, urlOf, check } = options;
  const directory = await mkdtemp(join(tmpdir(), 'ours-ingest-service-'));
  if (account !== undefined) await chown(directory, account.uid, account.gid);
  let child: ChildProcess | undefined;
  const endWithUs = (): void => void child?.kill(endSignal);
  const stop = async (): Promise<void> => {
    process.off('exit', endWithUs);
    if (child?.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'close');
      child.kill(endSignal);
      await ended;
    }
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await options.prepare?.(directory);
    const port = await freePort();
    child = spawn(program, args(directory, port), { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'], ...account });
    process.once('exit', endWithUs);
    const said = lastWords(child);
    await ready(child, () => check(urlOf(port)), said);
    return { url: urlOf(port), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function ready(child: ChildProcess, check: () => Promise<void>, said: () => string): Promise<void> {
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  const deadline = performance.now() + START_MS;
  for (;;) {
    const trouble = await check().catch((error: unknown) => error);
    if (trouble === undefined) return;
    if (failure !== undefined || child.exitCode !== null)
      throw new Error(`it ended by itself: ${said()}`, { cause: failure });
    if (performance.now() > deadline)
      throw new Error(`it was not ready in ${START_MS} ms: ${said()}`, { cause: trouble });
    await sleep(50);
  }
}

function lastWords(child: ChildProcess): () => string {
  let words = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      words = (words + chunk).slice(-1_000);
    });
  }
  return () => words.trim();
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port.');
  return address.port;
}
