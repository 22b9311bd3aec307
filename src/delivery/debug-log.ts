import type { Logger } from '../core/logger.js';
import { fromBytes } from '../protocol/bytes.js';
import type { Entry } from '../protocol/event.js';
import type { HttpPost } from '../transport/http-transport.js';
import { classifyFailure } from '../transport/send-result.js';
import type { CircuitBreaker } from './circuit-breaker.js';

/** Tells what a client does, step by step. It names fields and properties and never shows what they hold. */
export interface DebugLog {
  encoded(entry: Entry): void;
  /** The same post, each request told with its end. */
  post(post: HttpPost): HttpPost;
  /** The same breaker, each change of its state told. */
  breaker(breaker: CircuitBreaker): CircuitBreaker;
}

export function createDebugLog({ debug }: Required<Logger>, monotonic: () => number): DebugLog {
  return {
    encoded({ kind, event, body }) {
      const row = JSON.parse(fromBytes(body)) as Readonly<Record<string, unknown>>;
      debug(`encoded ${kind} ${event}, ${body.length} bytes: ${namesOf(row)}`);
    },

    post(post) {
      // Sent again word for word, a request is the same object.
      const attempts = new WeakMap<Uint8Array, number>();
      const told: HttpPost = async (path, body, signal) => {
        const attempt = (attempts.get(body) ?? 0) + 1;
        attempts.set(body, attempt);
        const startedAt = monotonic();
        const tell = (end: string): void => {
          const again = attempt === 1 ? '' : `, attempt ${attempt}`;
          debug(
            `POST ${path}, ${countOf(body)}${body.length} bytes${again}: ${end} in ${Math.round(monotonic() - startedAt)} ms`,
          );
        };
        try {
          const answer = await post(path, body, signal);
          tell(`HTTP ${answer.status}`);
          return answer;
        } catch (error) {
          const result = classifyFailure(error);
          tell(result.kind === 'retryable' ? result.reason : 'no answer');
          throw error;
        }
      };
      return Object.assign(told, post);
    },

    breaker(breaker) {
      let was = 'closed';
      const tell = (): void => {
        const is = breaker.isClosed ? 'closed' : 'open';
        if (is !== was) debug(`circuit ${is}${breaker.isClosed ? '' : `, for ${Math.round(breaker.waitMs)} ms`}`);
        was = is;
      };
      const told: Partial<CircuitBreaker> = {
        admit(active) {
          const pass = breaker.admit(active);
          if (typeof pass === 'object') {
            was = 'half-open';
            debug('circuit half-open: one event probes');
          }
          return pass;
        },
        observe(result, sent) {
          breaker.observe(result, sent);
          tell();
        },
        open(reason, afterMs) {
          breaker.open(reason, afterMs);
          tell();
        },
      };
      // What is read of it, it reads of the other.
      return Object.assign(Object.create(breaker) as CircuitBreaker, told);
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

/** How many events a batch holds; other requests hold none or are one. */
function countOf(body: Uint8Array): string {
  const { events } = JSON.parse(fromBytes(body)) as { readonly events?: readonly unknown[] };
  return events === undefined ? '' : `${events.length} event${events.length === 1 ? '' : 's'}, `;
}
