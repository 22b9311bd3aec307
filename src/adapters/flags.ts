import type { Assignment } from '../assignment/assignment.js';
import type { ExperimentKey, VariantName } from '../assignment/experiment-catalog.js';
import { checkOptionNames, failOption } from '../core/check-option.js';
import { createWarnOnce, guardLogger } from '../core/logger.js';
import { typeName } from '../core/refusal.js';
import { fieldNames } from '../core/unknown-names.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { BulkFlagsAdapter, FlagEntities, FlagsAdapter, IdentifyParams } from './flags-types.js';
import { createFlagVisitors, type FlagVisitors } from './flags-visitors.js';
import type { NextAsked } from './next-facts.js';
import { assignShown, describeNoControl, describeUnmapped, requireValues } from './variant-values.js';
import type { VisitorOptions } from './visitor-options.js';
import type { VisitorClient } from './visitor-scopes.js';

/** The options of one flag. */
export interface FlagOptions {
  /** `false` decides without recording an exposure. @default true */
  readonly record?: boolean | undefined;
}

/** Adapters for the flags of experiments. The key of a flag is the key of its experiment. */
export interface OursFlags<Catalog extends EventCatalog = EventCatalog> {
  /** The value is the variant's name. @throws {OursError} `invalid_option` */
  variant<Key extends ExperimentKey<Catalog> = ExperimentKey<Catalog>>(
    options?: FlagOptions,
  ): BulkFlagsAdapter<VariantName<Catalog, Key>>;
  /** The value is whether the variant is not the control. @throws {OursError} `invalid_option` */
  enabled(options?: FlagOptions): BulkFlagsAdapter<boolean>;
  /**
   * The value is the one that `values` has for the variant. For a variant without one, the SDK returns the flag's `defaultValue`,
   * and no exposure is recorded.
   * @throws {OursError} `invalid_option`
   */
  values<Value>(values: Readonly<Record<string, Value>>, options?: FlagOptions): FlagsAdapter<Value>;
  /** The visitor of a request, for an `identify` of your own. */
  identify(params: IdentifyParams): FlagEntities;
}

/** Turns an assignment into a value; `undefined` if it has none. */
type ToValue<Value> = (assignment: Extract<Assignment, { inExperiment: true }>, key: string) => Value | undefined;

const FLAG_OPTIONS = fieldNames<FlagOptions>({ record: 1 });

/**
 * Adapters for Vercel's Flags SDK (`flags/next`). The visitor is the one of the request. Deciding a flag records an exposure as
 * `assign` does; a flag with an override is not decided. A visitor who is not in the experiment gets the flag's `defaultValue`,
 * never the control.
 *
 * @example
 * const experiments = createFlagsAdapter(ours);
 * export const checkout = flag({ key: 'checkout_redesign', adapter: experiments.variant(), defaultValue: 'classic' });
 *
 * @throws {OursError} `invalid_option`
 */
export function createFlagsAdapter<Catalog extends EventCatalog>(
  ours: VisitorClient<Catalog>,
  options: VisitorOptions<NextAsked> = {},
): OursFlags<Catalog> {
  const warnings = createWarnOnce(guardLogger(options.logger ?? console), () => performance.now());
  const visitors = createFlagVisitors(ours, options, warnings);
  const adapterIds = new Map<string, symbol>();

  /** The SDK passes all flags of an id to the `bulkDecide` of one of them, so an id stands for all that distinguishes them. */
  function idOf(name: string): symbol {
    const id = adapterIds.get(name) ?? Symbol(name);
    adapterIds.set(name, id);
    return id;
  }

  function bulkAdapter<Value>(kind: string, flagOptions: FlagOptions | undefined, toValue: ToValue<Value>) {
    const record = readRecord(`${kind}()`, flagOptions);
    const adapterId = idOf(`ours-ingest ${kind}${record ? '' : ', without exposures'}`);
    return withBulk(adapterId, createAdapter(visitors, record, toValue));
  }

  return {
    variant: (flagOptions) => bulkAdapter('variant', flagOptions, ({ variantName }) => variantName as never),
    enabled: (flagOptions) =>
      bulkAdapter('enabled', flagOptions, ({ isControl, variantName }, key) => {
        if (isControl !== undefined) return !isControl;
        return void warnings.throttledEach(describeNoControl(key, variantName));
      }),
    values(values, flagOptions) {
      const record = readRecord('values()', flagOptions);
      requireValues('values', values);
      const hasValue = (variantName: string): boolean => Object.hasOwn(values, variantName);
      const toValue: ToValue<(typeof values)[string]> = ({ variantName }, key) => {
        if (hasValue(variantName)) return values[variantName];
        return void warnings.throttledEach(describeUnmapped(key, variantName));
      };
      return createAdapter(visitors, record, toValue, hasValue);
    },
    identify: visitors.identify,
  };
}

function readRecord(call: string, options: FlagOptions | undefined): boolean {
  checkOptionNames(call, options, FLAG_OPTIONS);
  const { record = true } = options ?? {};
  // The string 'false' would record, and an exposure cannot be undone.
  if (typeof record !== 'boolean') failOption(`record must be true or false; got ${typeName(record)}.`);
  return record;
}

/** An adapter whose `undefined` means the flag's default, which the types of the SDK do not say. */
function createAdapter<Value>(
  { identify, visitorOf }: FlagVisitors,
  record: boolean,
  toValue: ToValue<Value>,
  canShow?: (variantName: string) => boolean,
): FlagsAdapter<Value> {
  return {
    identify,
    async decide(params) {
      const { key } = params;
      const visitor = visitorOf(params);
      const assignment = await (canShow && visitor
        ? assignShown(visitor, key, { record }, canShow)
        : visitor?.assign(key, { record }));
      return (assignment?.inExperiment ? toValue(assignment, key) : undefined) as Value;
    },
  };
}

function withBulk<Value>(adapterId: symbol, adapter: FlagsAdapter<Value>): BulkFlagsAdapter<Value> {
  return {
    ...adapter,
    adapterId,
    async bulkDecide({ flags, ...params }) {
      const decided = flags.map(async ({ key }) => [key, await adapter.decide({ ...params, key })] as const);
      return Object.fromEntries(await Promise.all(decided));
    },
  };
}

export type { BulkDecideParams, DecideParams, FlagHeaders } from './flags-types.js';
export type { NextAsked, NextHeaders } from './next-facts.js';
export type * from './public-types.js';
export { currentVisitor } from './request-scope.js';
export type { BulkFlagsAdapter, FlagEntities, FlagsAdapter, IdentifyParams };
