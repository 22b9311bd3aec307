import type { Assignment, Personalization } from 'ours-ingest';
import { OursError } from '../core/errors.js';
import type { Refusal } from '../core/refusal.js';
import { checkNames, fieldNames } from '../core/unknown-names.js';
import { checkText, checkUserId } from '../protocol/identity.js';
import { MAX_ID_LENGTH } from '../protocol/limits.js';
import type { APIPromise } from './api-promise.js';
import { type Calls, checkBody } from './calls.js';
import { BadRequestError } from './errors.js';
import type { RequestOptions } from './options.js';
import type {
  ExperimentAssignmentParams,
  ExperimentAssignmentResponse,
  ExperimentPersonalizationParams,
  ExperimentPersonalizationResponse,
  PersonalizationEntry,
} from './params.js';

const ASSIGNMENT_NAMES = fieldNames<ExperimentAssignmentParams>({
  token: 1,
  visitor_id: 1,
  context: 1,
  track_impression: 1,
});
const PERSONALIZATION_NAMES = fieldNames<ExperimentPersonalizationParams>({ token: 1, visitor_id: 1 });

/** `client.experiments` */
export class Experiments {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /**
   * The variant of a visitor. Answers are cached, an exposure is recorded once for a visit, and in an outage a visitor keeps the
   * last known variant.
   * @throws {APIError} if there is no answer, and no variant is known
   */
  assignment(
    experimentKey: string,
    body: ExperimentAssignmentParams,
    options?: RequestOptions,
  ): APIPromise<ExperimentAssignmentResponse> {
    const { pool, call } = this.#calls;
    return call(options, (wait) => {
      check(body, ASSIGNMENT_NAMES, 'assignment()', checkText('experimentKey', experimentKey, MAX_ID_LENGTH));
      const { token, visitor_id: userId, context, track_impression: recorded } = body;
      const asked = pool.forExperiments(token).assign(experimentKey, {
        ...wait,
        userId,
        url: context?.url ?? undefined,
        search: context?.search ?? undefined,
        record: recorded ?? true,
      });
      return awaited(asked.then(toAssignmentAnswer));
    });
  }

  /** The variants of a visitor in experiments of type `personalization`. Records nothing. @throws {APIError} */
  personalization(
    body: ExperimentPersonalizationParams,
    options?: RequestOptions,
  ): APIPromise<ExperimentPersonalizationResponse> {
    const { pool, call } = this.#calls;
    return call(options, (wait) => {
      check(body, PERSONALIZATION_NAMES, 'personalization()');
      const asked = pool.forExperiments(body.token).personalization({ ...wait, userId: body.visitor_id });
      return awaited(asked.then((found) => ({ success: true, personalizations: found.map(toEntry) })));
    });
  }
}

/** The question is asked now, whether or not anyone awaits the answer. */
function awaited<Answer>(answer: Promise<Answer>): () => Promise<Answer> {
  answer.catch(() => undefined);
  return () => answer;
}

/** @throws BadRequestError */
function check(
  body: { readonly visitor_id: string },
  known: ReadonlySet<string>,
  call: string,
  misuse?: Refusal | undefined,
): void {
  checkBody(body);
  const refusal = misuse ?? checkNames(body, known, call) ?? checkUserId(body.visitor_id);
  if (refusal !== undefined) throw new BadRequestError(400, refusal.message.replace('userId', 'visitor_id'));
}

function toAssignmentAnswer(assignment: Assignment): ExperimentAssignmentResponse {
  if (!assignment.inExperiment) {
    // Not a failure reported as an answer. A disabled client has no error.
    if (assignment.reason === 'fallback' && assignment.error) throw assignment.error;
    return { success: true, in_experiment: false };
  }
  const { experimentId, variantId, isControl, type, redirect } = assignment;
  if (experimentId === undefined || variantId === undefined) {
    throw new OursError('assignment_failed', 'the answer has no experiment_id and variant_id.');
  }
  return {
    success: true,
    in_experiment: true,
    experiment_id: experimentId,
    variant_id: variantId,
    ...toNames(assignment),
    ...(isControl === undefined ? {} : { is_control: isControl }),
    ...(type === undefined ? {} : { type }),
    ...(redirect === undefined ? {} : { redirect }),
  };
}

function toEntry({ assignedAt, experimentId, variantId, ...names }: Personalization): PersonalizationEntry {
  return { assigned_at: assignedAt, experiment_id: experimentId, variant_id: variantId, ...toNames(names) };
}

function toNames(named: {
  readonly experimentKey: string | undefined;
  readonly experimentName: string | undefined;
  readonly variantName: string | undefined;
}): Pick<PersonalizationEntry, 'experiment_key' | 'experiment_name' | 'variant_name'> {
  const { experimentKey, experimentName, variantName } = named;
  return {
    ...(experimentKey === undefined ? {} : { experiment_key: experimentKey }),
    ...(experimentName === undefined ? {} : { experiment_name: experimentName }),
    ...(variantName === undefined ? {} : { variant_name: variantName }),
  };
}
