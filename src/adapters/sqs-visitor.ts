import type { VisitorInput } from '../client/visitor.js';
import { typeName } from '../core/refusal.js';
import { ignoreRejection, isPromise } from '../core/user-call.js';

/** Calls the user's `visitorOf`. */
export interface VisitorReader<Record> {
  /** Never throws: the visitor of a record that cannot be read is empty. */
  read(record: Record): VisitorInput;
  /** The error of the last `read` of this record, once: such a record must be redelivered. */
  takeError(record: Record): { readonly error: unknown } | undefined;
}

export function createVisitorReader<Record extends object>(
  visitorOf: (record: Record) => VisitorInput,
): VisitorReader<Record> {
  const failed = new WeakMap<Record, { readonly error: unknown }>();
  return {
    read(record) {
      try {
        const visitor = visitorOf(record);
        if (isPromise(visitor)) {
          ignoreRejection(visitor);
          throw new TypeError('visitorOf returned a promise; it must be synchronous.');
        }
        // What `JSON.parse(body).visitor` is if the sender named none.
        if (typeof visitor !== 'object' || visitor === null) {
          throw new TypeError(
            `visitorOf must return an object, {} for a record without a visitor; got ${typeName(visitor)}.`,
          );
        }
        return visitor;
      } catch (error) {
        failed.set(record, { error });
        return {};
      }
    },
    takeError(record) {
      const error = failed.get(record);
      failed.delete(record);
      return error;
    },
  };
}
