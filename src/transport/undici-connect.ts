import dns from 'node:dns';
import net from 'node:net';
import type { buildConnector } from 'undici';
import { deadline, later } from '../core/timers.js';
import type { Undici } from './undici-engine.js';

/** How long an address may be silent before the next one is tried as well (RFC 8305 §8). */
const ATTEMPT_DELAY_MS = 250;

/** After this long without a connection it is worth a word: with the wait before it, within a second. */
export const SLOW_CONNECT_MS = 600;

export interface Connecting {
  readonly connect: buildConnector.connector;
  /** Gives up every connection that is still being made. */
  close(): void;
}

/**
 * Connects to the service by "Happy Eyeballs": a further address of the host is tried after a quarter of a second, and the
 * first to answer wins. Node's own version gives up an attempt when it begins the next, so a host with a dead second
 * address and a slow handshake is never reached.
 *
 * @param timeoutMs for the whole: name, connection and TLS
 * @param onSlow called when there is no connection after {@link SLOW_CONNECT_MS}
 */
export function createConnecting(
  { buildConnector, errors }: Pick<Undici, 'buildConnector' | 'errors'>,
  timeoutMs: number,
  onSlow?: () => void,
): Connecting {
  // Only for TLS on a socket that is connected; the time is measured here.
  const secure = buildConnector({ timeout: 0 });
  const underWay = new Set<() => void>();

  function connect(options: buildConnector.Options, callback: buildConnector.Callback): void {
    let isDone = false;
    let connected: net.Socket | undefined;
    const end = (...[error, socket]: buildConnector.CallbackArgs): void => {
      if (isDone) return;
      isDone = true;
      cancelTimer();
      cancelWord();
      underWay.delete(giveUp);
      stop();
      if (error === null) {
        callback(null, skipInterim(neverRef(socket)));
      } else {
        connected?.destroy();
        callback(error, null);
      }
    };
    const giveUp = (): void => end(new errors.ConnectTimeoutError('Connect Timeout Error'), null);
    const cancelTimer = deadline(timeoutMs, giveUp);
    const cancelWord = deadline(SLOW_CONNECT_MS, () => {
      if (connected === undefined) onSlow?.();
    });
    underWay.add(giveUp);
    const stop = race(options, (error, socket) => {
      if (error !== null) return end(error, null);
      connected = socket;
      if (options.protocol !== 'https:') return end(null, socket);
      try {
        secure({ ...options, ...serverName(options), httpSocket: socket }, end);
      } catch (thrown) {
        // Out of this callback of the socket, it would end the process.
        end(thrown as Error, null);
      }
    });
  }

  return {
    connect: connect as buildConnector.connector,
    close() {
      for (const giveUp of [...underWay]) giveUp();
    },
  };
}

/** Hands over the first socket to connect, or why there is none. The returned function ends what is left. */
function race({ hostname, protocol, port }: buildConnector.Options, callback: buildConnector.Callback): () => void {
  const attempts = new Set<net.Socket>();
  const failures: Error[] = [];
  let rest: dns.LookupAddress[] = [];
  let isOver = false;
  let cancelNext = (): void => undefined;

  function stop(): void {
    isOver = true;
    cancelNext();
    for (const socket of attempts) socket.destroy();
  }

  function fail(error: Error): void {
    failures.push(error);
    if (isOver) return;
    if (rest.length > 0) {
      attempt();
    } else if (attempts.size === 0) {
      stop();
      callback(failures.length === 1 ? error : new AggregateError(failures), null);
    }
  }

  function attempt(): void {
    cancelNext();
    const host = rest.shift()!.address;
    const socket = net.connect({ host, port: Number(port) || (protocol === 'https:' ? 443 : 80) }).unref();
    attempts.add(socket);
    // Stays: a socket that is destroyed may fail once more.
    socket.on('error', (error) => {
      if (attempts.delete(socket)) fail(error);
    });
    socket.once('connect', () => {
      attempts.delete(socket);
      stop();
      // As undici does: small requests at once, and a probe of a silent connection each minute.
      callback(null, socket.setNoDelay(true).setKeepAlive(true, 60_000));
    });
    if (rest.length > 0) cancelNext = later(ATTEMPT_DELAY_MS, attempt);
  }

  // Only families this machine has an address of, as Node asks.
  const hints = process.platform === 'win32' ? 0 : dns.ADDRCONFIG;
  dns.lookup(hostname, { all: true, hints }, (error, addresses) => {
    if (isOver) return;
    if (error) return fail(error);
    rest = alternate(addresses);
    if (rest.length > 0) attempt();
    else fail(Object.assign(new Error('the name has no address'), { code: 'ENOTFOUND' }));
  });
  return stop;
}

/**
 * undici names a proxy in TLS by its address too, which RFC 6066 §3 forbids and Node warns of. For the service's address it
 * has `null`, contrary to its types.
 */
function serverName(options: buildConnector.Options): Pick<buildConnector.Options, 'servername'> {
  const name = options.servername ?? '';
  return { servername: net.isIP(name.replace(/^\[|\]$/g, '')) === 0 ? name : '' };
}

/** Addresses of both families in turn, beginning with the family the resolver prefers. */
function alternate(addresses: readonly dns.LookupAddress[]): dns.LookupAddress[] {
  const first = addresses.filter(({ family }) => family === addresses[0]?.family);
  const second = addresses.filter(({ family }) => family !== addresses[0]?.family);
  return addresses.flatMap((_, at) => [first[at], second[at]].filter((address) => address !== undefined));
}

/**
 * Takes a socket off the event loop for good. undici puts it back for every request, so a service that hangs would keep a
 * process that has run out of work until the request times out. Those who wait for an answer keep the process themselves.
 */
export function neverRef(socket: net.Socket): net.Socket {
  socket.unref();
  socket.ref = () => socket;
  return socket;
}

/** The beginning of an interim answer. 101 is a final one: what follows is another protocol. */
const INTERIM = /^HTTP\/1\.[01] 1(?!01)\d\d[ \r]/;
/** Longer than the headers of any interim answer. */
const MAX_INTERIM_BYTES = 16 * 1024;

/**
 * Takes interim answers out of what is read. A server may send them unasked, and a client must be able to parse them
 * (RFC 9110 §15.2), but undici closes the connection at "100 Continue", even though the service may have taken the events. Others
 * are taken out as well, because a "100 Continue" may follow them.
 */
export function skipInterim(socket: net.Socket): net.Socket {
  const read = socket.read.bind(socket);
  let held: Buffer | undefined;
  socket.read = (size) => {
    for (;;) {
      const chunk: Buffer | null = read(size);
      if (chunk === null) return null;
      const bytes = withoutInterim(held === undefined ? chunk : Buffer.concat([held, chunk]));
      held = undefined;
      if (bytes.length > 0 && (!mayBeInterim(bytes) || bytes.length > MAX_INTERIM_BYTES)) return bytes;
      if (bytes.length > 0) held = bytes;
    }
  };
  return socket;
}

function isInterim(bytes: Buffer): boolean {
  return INTERIM.test(bytes.toString('latin1', 0, 13));
}

/** Whether these bytes begin with it, or are its beginning while the rest is on its way. */
function mayBeInterim(bytes: Buffer): boolean {
  const begun = bytes.toString('latin1', 0, 13);
  return INTERIM.test(begun + 'HTTP/1.1 100 '.slice(begun.length));
}

function withoutInterim(bytes: Buffer): Buffer {
  let rest = bytes;
  while (isInterim(rest)) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return rest;
    rest = rest.subarray(end + 4);
  }
  return rest;
}
