import { fromBytes } from '../protocol/bytes.js';
import { PATHS } from '../protocol/wire.js';
import type { Observer } from './observer.js';

/** Adds a log of what is encoded and sent: names of fields and properties, never their values. */
export function withDebugLog(observer: Observer, debug: (line: string) => void): Observer {
  return {
    ...observer,
    tracked(entry) {
      observer.tracked(entry);
      const { kind, event, body } = entry;
      const row = JSON.parse(fromBytes(body)) as Readonly<Record<string, unknown>>;
      debug(`encoded ${kind} ${event}, ${body.length} bytes: ${namesOf(row)}`);
    },
    requested(report) {
      observer.requested(report);
      const { path, events, bytes, attempt, status, reason, durationMs } = report;
      const count = path === PATHS.batch ? `${events} event${events === 1 ? '' : 's'}, ` : '';
      const again = attempt === 1 ? '' : `, attempt ${attempt}`;
      const result = status === undefined ? (reason ?? 'no answer') : `HTTP ${status}`;
      debug(`POST ${path}, ${count}${bytes} bytes${again}: ${result} in ${Math.round(durationMs)} ms`);
    },
    circuit(state, waitMs) {
      observer.circuit(state, waitMs);
      if (state === 'half-open') debug('circuit half-open: one event probes');
      else debug(`circuit ${state}${state === 'open' ? `, for ${Math.round(waitMs)} ms` : ''}`);
    },
  };
}

/** `userId, eventProperties { order_id, value }` */
function namesOf(row: Readonly<Record<string, unknown>>): string {
  return Object.entries(row)
    .map(([name, value]) =>
      typeof value === 'object' && value !== null ? `${name} { ${Object.keys(value).join(', ')} }` : name,
    )
    .join(', ');
}
