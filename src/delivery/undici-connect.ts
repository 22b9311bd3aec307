import { getDefaultAutoSelectFamilyAttemptTimeout, type Socket } from 'node:net';
import type { buildConnector } from 'undici';

/**
 * Connects to the service. Node tries the addresses of a host one after the other and gives up each but the last after
 * 250 ms, so a host with a dead second address and a slow handshake is never reached. Here an attempt gets twice the time
 * after each failure that more time could have prevented, up to half of `timeoutMs`, and the usual time again once
 * handshakes are quick.
 */
export function createConnect(
  build: typeof buildConnector,
  timeoutMs: number,
  monotonic: () => number,
): buildConnector.connector {
  const usualMs = getDefaultAutoSelectFamilyAttemptTimeout();
  let attemptMs = usualMs;
  let connector: buildConnector.connector | undefined;

  function allow(ms: number): void {
    if (ms === attemptMs) return;
    attemptMs = ms;
    connector = undefined;
  }

  return (options, callback) => {
    connector ??= build({ timeout: timeoutMs, autoSelectFamilyAttemptTimeout: attemptMs });
    const used = connector;
    const allowedMs = attemptMs;
    const startedAt = monotonic();
    used(options, (...[error, socket]) => {
      // Connections that were begun together learn once.
      const isCurrent = used === connector;
      if (error !== null) {
        if (isCurrent && isTimeout(error)) allow(Math.max(usualMs, Math.min(allowedMs * 2, timeoutMs / 2)));
        return callback(error, null);
      }
      const failedAttempts = Math.max(0, (attemptedAddresses(socket)?.length ?? 1) - 1);
      if (isCurrent && monotonic() - startedAt - failedAttempts * allowedMs < usualMs) allow(usualMs);
      callback(null, skipContinue(socket));
    });
  };
}

function isTimeout(error: Error & { code?: string; errors?: readonly { code?: string }[] }): boolean {
  return [error, ...(error.errors ?? [])].some(({ code }) => code === 'ETIMEDOUT' || code === 'UND_ERR_CONNECT_TIMEOUT');
}

/** In the types of Node from 22 on. */
function attemptedAddresses(socket: Socket): readonly string[] | undefined {
  return (socket as { autoSelectFamilyAttemptedAddresses?: readonly string[] }).autoSelectFamilyAttemptedAddresses;
}

const CONTINUE = /^HTTP\/1\.[01] 100[ \r]/;
/** Longer than the headers of any interim answer. */
const MAX_INTERIM_BYTES = 16 * 1024;

/**
 * Takes "100 Continue" out of what is read. A server may send it unasked, and a client must be able to parse it
 * (RFC 9110 §15.2), but undici closes the connection, also where the service has already taken the events.
 */
function skipContinue(socket: Socket): Socket {
  const read = socket.read.bind(socket);
  let held: Buffer | undefined;
  socket.read = (size) => {
    for (;;) {
      const chunk: Buffer | null = read(size);
      if (chunk === null) return null;
      let bytes = held === undefined ? chunk : Buffer.concat([held, chunk]);
      held = undefined;
      for (let end = 0; CONTINUE.test(bytes.toString('latin1', 0, 13)); bytes = bytes.subarray(end + 4)) {
        end = bytes.indexOf('\r\n\r\n');
        if (end < 0) break;
      }
      if (bytes.length === 0) continue;
      if (!CONTINUE.test(bytes.toString('latin1', 0, 13)) || bytes.length > MAX_INTERIM_BYTES) return bytes;
      held = bytes;
    }
  };
  return socket;
}
