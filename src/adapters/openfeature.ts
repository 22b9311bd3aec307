import type { Assignment } from '../assignment/assignment.js';
import type { ExperimentCatalog } from '../assignment/experiment-catalog.js';
import { createWarnOnce, guardLogger, type Logger } from '../core/logger.js';
import { fieldNames } from '../core/unknown-names.js';
import type { EventCatalog } from '../protocol/catalog.js';
import { type FoundVisitor, findVisitor } from './openfeature/context.js';
import { createFlagCheck } from './openfeature/flag-check.js';
import { type AskedFlag, toError, toResolution } from './openfeature/resolution.js';
import { createProviderStatus } from './openfeature/status.js';
import type { EvaluationContext, FlagType, OursProvider, Resolution } from './openfeature/types.js';
import type { FlagValues } from './openfeature/values.js';
import { assignShown } from './variant-values.js';
import { checkAdapter } from './visitor-options.js';
import type { VisitorClient } from './visitor-scopes.js';

/** The options of {@link createOursProvider}. */
export interface ProviderOptions<Catalog extends EventCatalog = EventCatalog> {
  /**
   * The values of flags: experiment → variant → value, all of one type for an experiment. Flags of numbers and objects need them.
   * A string flag without them is the variant's name, and a boolean flag is whether the variant is not the control.
   */
  readonly values?: FlagValues<Catalog> | undefined;
  /**
   * The experiments that exist, as `npx ours-ingest pull` writes them. All other flags are `FLAG_NOT_FOUND` without a request:
   * set it if other providers have flags too.
   * @default the service is asked
   */
  readonly experiments?: ExperimentCatalog | undefined;
  /** Receives warnings. @default the console */
  readonly logger?: Logger | undefined;
}

const OPTIONS = fieldNames<ProviderOptions>({ values: 1, experiments: 1, logger: 1 });
const CLOSE_TIMEOUT_MS = 5_000;

/**
 * A provider for `@openfeature/server-sdk`: each experiment is a flag. The visitor is the context's targeting key, or the visitor
 * of the current request. An evaluation records an exposure as `assign` does, unless the context has `oursRecord: false`. A visitor
 * who is not in the experiment gets the caller's default value, never the control.
 *
 * @example
 * await OpenFeature.setProviderAndWait(createOursProvider(ours, { values: { shipping: { control: 4.9, free: 0 } } }));
 * const fee = await OpenFeature.getClient().getNumberValue('shipping', 4.9, { targetingKey: userId });
 *
 * @throws {OursError} `invalid_option`
 */
export function createOursProvider<Catalog extends EventCatalog>(
  ours: VisitorClient<Catalog>,
  options: ProviderOptions<Catalog> = {},
): OursProvider {
  checkAdapter(ours, options, OPTIONS);
  const checkFlag = createFlagCheck(options);
  const monotonic = (): number => performance.now();
  const warnings = createWarnOnce(guardLogger(options.logger ?? console), monotonic);
  const status = createProviderStatus(monotonic);
  /** A cached answer is the same object each time. */
  const served = new WeakSet<Assignment>();

  function ask({ key, values }: AskedFlag<unknown>, { visitor, options }: FoundVisitor): Promise<Assignment> {
    if (values === undefined) return visitor.assign(key, options);
    return assignShown(visitor, key, options, (variantName) => Object.hasOwn(values, variantName));
  }

  async function evaluate<Value>(
    type: FlagType,
    key: string,
    defaultValue: Value,
    context: EvaluationContext,
  ): Promise<Resolution<Value>> {
    const asked = checkFlag(key, type, defaultValue);
    const found = asked.problem ?? findVisitor(ours, context);
    if ('code' in found) return toError(asked, found);
    const assignment = await ask(asked, found);
    const isCached = served.has(assignment);
    served.add(assignment);
    if (!isCached) status.note(assignment);
    return toResolution(asked, assignment, isCached);
  }

  return {
    metadata: { name: 'ours-ingest' },
    runsOn: 'server',
    events: status.events,
    resolveBooleanEvaluation: (key, defaultValue, context) => evaluate('boolean', key, defaultValue, context),
    resolveStringEvaluation: (key, defaultValue, context) => evaluate('string', key, defaultValue, context),
    resolveNumberEvaluation: (key, defaultValue, context) => evaluate('number', key, defaultValue, context),
    resolveObjectEvaluation: (key, defaultValue, context) => evaluate('object', key, defaultValue, context),

    track(event, context, details) {
      const found = findVisitor(ours, context);
      // The SDK would log it at the level debug only.
      if ('code' in found) return warnings.throttledEach(`OpenFeature's track() sent nothing: ${found.message}`);
      const { sessionId } = found.options;
      found.visitor.track(event, details, { sessionId, distinctId: context.oursDistinctId });
    },

    async onClose() {
      await ours.flush({ timeoutMs: CLOSE_TIMEOUT_MS });
    },
  };
}

export type {
  ErrorCode,
  EvaluationContext,
  EventLogger,
  FlagType,
  JsonValue,
  OursProvider,
  ProviderEventEmitter,
  Resolution,
  ResolutionReason,
  VisitorAttributes,
} from './openfeature/types.js';
export type { FlagValues } from './openfeature/values.js';
export { type ContextPropagator, withVisitor } from './openfeature/visitor-context.js';
export { currentVisitor } from './request-scope.js';
export type { VisitorClient } from './visitor-scopes.js';
