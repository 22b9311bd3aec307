import type { Assignment } from '../../assignment/assignment.js';
import { describeNoControl, describeUnmapped } from '../variant-values.js';
import type { ErrorCode, FlagType, JsonValue, Resolution, ResolutionReason } from './types.js';

/** The end of the error's message, as `assignment/no-answer.ts` writes it. Sharing a constant would split the core's bundle. */
const UNKNOWN_EXPERIMENT = 'unknown experiment (HTTP 404).';

type Assigned = Extract<Assignment, { inExperiment: true }>;

/** Why an evaluation fails. */
export interface Problem {
  readonly code: `${ErrorCode}`;
  readonly message: string;
}

/** What was asked for. */
export interface AskedFlag<Value> {
  readonly key: string;
  readonly type: FlagType;
  readonly defaultValue: Value;
  /** The values of the experiment's variants, if they have the type that was asked for. */
  readonly values: Readonly<Record<string, JsonValue>> | undefined;
}

/** The result of an evaluation. Only a visitor in the experiment gets a variant: all others get the caller's default. */
export function toResolution<Value>(
  asked: AskedFlag<Value>,
  assignment: Assignment,
  isCached: boolean,
): Resolution<Value> {
  const flagMetadata = toMetadata(asked.key, assignment);
  const byDefault = { value: asked.defaultValue, flagMetadata };
  if (assignment.inExperiment) {
    const value = shownValue(asked, assignment);
    if (value === undefined) return toError(asked, mismatch(asked, assignment), assignment);
    // The type was compared when the experiment's values were chosen.
    return {
      value: value as Value,
      variant: assignment.variantName,
      reason: reasonOf(assignment, isCached),
      flagMetadata,
    };
  }
  const { reason, error } = assignment;
  if (reason !== 'fallback') return { ...byDefault, reason: 'DEFAULT' };
  // The client is disabled; nothing has failed.
  if (error === undefined) return { ...byDefault, reason: 'DISABLED' };
  const code = isUnknownExperiment(assignment) ? 'FLAG_NOT_FOUND' : 'GENERAL';
  return toError(asked, { code, message: error.message }, assignment);
}

/** The result of an evaluation that fails. */
export function toError<Value>(asked: AskedFlag<Value>, problem: Problem, assignment?: Assignment): Resolution<Value> {
  return {
    value: asked.defaultValue,
    reason: 'ERROR',
    // The SDK compares strings; only its types are an enum.
    errorCode: problem.code as ErrorCode,
    errorMessage: problem.message,
    flagMetadata: toMetadata(asked.key, assignment),
  };
}

/** Whether the service answered that it has no such experiment. */
export function isUnknownExperiment(assignment: Assignment): boolean {
  return assignment.reason === 'fallback' && assignment.error?.message.endsWith(UNKNOWN_EXPERIMENT) === true;
}

/** `undefined` if the variant says nothing of this type. */
function shownValue({ type, values }: AskedFlag<unknown>, { variantName, isControl }: Assigned): JsonValue | undefined {
  if (values !== undefined) return Object.hasOwn(values, variantName) ? values[variantName] : undefined;
  if (type === 'string') return variantName;
  return isControl === undefined ? undefined : !isControl;
}

function mismatch({ key, values }: AskedFlag<unknown>, { variantName }: Assigned): Problem {
  const describe = values === undefined ? describeNoControl : describeUnmapped;
  return { code: 'TYPE_MISMATCH', message: describe(key, variantName) };
}

function reasonOf({ reason, type }: Assigned, isCached: boolean): ResolutionReason {
  if (reason === 'sticky') return 'STALE';
  if (reason === 'forced') return 'STATIC';
  if (isCached) return 'CACHED';
  return type === 'personalization' ? 'TARGETING_MATCH' : 'SPLIT';
}

function toMetadata(key: string, assignment: Assignment | undefined): Resolution<unknown>['flagMetadata'] {
  const metadata: Record<string, string | number | boolean> = { experimentKey: key };
  if (assignment === undefined) return metadata;
  metadata.assignmentReason = assignment.reason;
  if (!assignment.inExperiment) return metadata;
  const { experimentKey, experimentId, variantId, isControl, exposed } = assignment;
  Object.assign(metadata, { experimentKey, exposed });
  // The SDK's type has no undefined.
  if (experimentId !== undefined) metadata.experimentId = experimentId;
  if (variantId !== undefined) metadata.variantId = variantId;
  if (isControl !== undefined) metadata.isControl = isControl;
  return metadata;
}
