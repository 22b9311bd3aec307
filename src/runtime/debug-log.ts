import type { Logger } from '../core/logger.js';
import { fromBytes } from '../protocol/bytes.js';
import type { Entry } from '../protocol/event.js';
import type { HttpPost } from '../transport/http-transport.js';
import { classifyFailure } from '../transport/send-result.js';

/** What the debug log reads of a circuit breaker. */
interface ObservedBreaker {
  readonly isClosed: boolean;
  readonly waitMs: number;
  /** An object admits a probe. */
  admit(active: number): unknown;
  observe(...result: never[]): void;
  open(...cause: never[]): void;
}

/** Logs each step of a client: names of fields and properties, never their values. */
export interface DebugLog {
  encoded(entry: Entry): void;
  /** Wraps a post, to log each request with its result. */
  post(post: HttpPost): HttpPost;
  /** Wraps a circuit breaker, to log each change of its state. */
  breaker<Breaker extends ObservedBreaker>(breaker: Breaker): Breaker;
}

export function createDebugLog({ debug }: Required<Logger>, monotonic: () => number): DebugLog {
  return {
    encoded({ kind, event, body }) {
      const row = JSON.parse(fromBytes(body)) as Readonly<Record<string, unknown>>;
      debug(`encoded ${kind} ${event}, ${body.length} bytes: ${namesOf(row)}`);
    },

    post(post) {
      // A retry sends the same object.
      const attempts = new WeakMap<Uint8Array, number>();
      const logged: HttpPost = async (path, body, signal) => {
        const attempt = (attempts.get(body) ?? 0) + 1;
        attempts.set(body, attempt);
        const startedAt = monotonic();
        const log = (result: string): void => {
          const again = attempt === 1 ? '' : `, attempt ${attempt}`;
          debug(
            `POST ${path}, ${countOf(body)}${body.length} bytes${again}: ${result} in ${Math.round(monotonic() - startedAt)} ms`,
          );
        };
        try {
          const answer = await post(path, body, signal);
          log(`HTTP ${answer.status}`);
          return answer;
        } catch (error) {
          const result = classifyFailure(error);
          log(result.kind === 'retryable' ? result.reason : 'no answer');
          throw error;
        }
      };
      return Object.assign(logged, post);
    },

    breaker(breaker) {
      let before = 'closed';
      const logChange = (): void => {
        const state = breaker.isClosed ? 'closed' : 'open';
        if (state !== before)
          debug(`circuit ${state}${breaker.isClosed ? '' : `, for ${Math.round(breaker.waitMs)} ms`}`);
        before = state;
      };
      const observed: Pick<ObservedBreaker, 'admit' | 'observe' | 'open'> = {
        admit(active) {
          const pass = breaker.admit(active);
          if (typeof pass === 'object') {
            before = 'half-open';
            debug('circuit half-open: one event probes');
          }
          return pass;
        },
        observe(...result) {
          breaker.observe(...result);
          logChange();
        },
        open(...cause) {
          breaker.open(...cause);
          logChange();
        },
      };
      // Everything else is read through the prototype.
      return Object.assign(Object.create(breaker), observed);
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

/** The number of events, for a batch. */
function countOf(body: Uint8Array): string {
  const { events } = JSON.parse(fromBytes(body)) as { readonly events?: readonly unknown[] };
  return events === undefined ? '' : `${events.length} event${events.length === 1 ? '' : 's'}, `;
}
