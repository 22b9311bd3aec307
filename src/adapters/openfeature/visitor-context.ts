import { requireFunction } from '../../core/check-option.js';
import { currentVisitor } from '../request-scope.js';

/** OpenFeature's `TransactionContextPropagator`, as far as it is used. */
export interface ContextPropagator {
  getTransactionContext(): object;
  setTransactionContext<Given extends unknown[], Result>(
    context: object,
    callback: (...given: Given) => Result,
    ...given: Given
  ): void;
}

/**
 * Adds the visitor of the current request to the transaction context, as its targeting key, so that hooks and other providers see
 * it too. Attributes that the program sets take precedence.
 *
 * @example
 * OpenFeature.setTransactionContextPropagator(withVisitor(new AsyncLocalStorageTransactionContextPropagator()));
 *
 * @throws {OursError} `invalid_option`
 */
export function withVisitor<Propagator extends ContextPropagator>(
  propagator: Propagator,
): Pick<Propagator, keyof ContextPropagator> {
  requireFunction('getTransactionContext of the propagator', propagator?.getTransactionContext);
  requireFunction('setTransactionContext of the propagator', propagator?.setTransactionContext);
  return {
    getTransactionContext() {
      const targetingKey = currentVisitor()?.userId;
      const context = propagator.getTransactionContext();
      return targetingKey === undefined ? context : { targetingKey, ...context };
    },
    setTransactionContext: (context, callback, ...given) =>
      propagator.setTransactionContext(context, callback, ...given),
  };
}
