import type { z } from 'zod';
import {
  IDENTIFY_EVENT,
  IMPRESSION_EVENT,
  PATHS,
  type WireAssignmentAnswer,
  type WireBatchAnswer,
  type WireBatchRow,
  type WireTrack,
} from '../../protocol/wire.js';
import { describeIssue } from '../describe-issue.js';
import { type AssignmentContext, assign } from '../experiments/assignments.js';
import type { Experiment, Variant } from '../experiments/experiment.js';
import type { ExperimentStore } from '../experiments/experiment-store.js';
import { FUTURE_TOLERANCE_MS, isTimely } from '../measuring/admission.js';
import type { EventLog } from '../store/event-log.js';
import { type Answer, refuse } from './answer.js';
import type { RowFault } from './faults.js';
import {
  assignmentSchema,
  batchRowSchema,
  batchSchema,
  identifySchema,
  personalizationSchema,
  tokenSchema,
  trackSchema,
} from './schemas.js';

/** What the routes work on. */
export interface Service extends AssignmentContext {
  readonly log: EventLog;
  readonly experiments: ExperimentStore;
  /** The tokens that are known; `undefined` knows all. */
  readonly tokens: ReadonlySet<string> | undefined;
  readonly maxBatchRows: number;
}

/** Answers a posted JSON value; what it accepts is in the log before it returns. */
export type Handler = (body: unknown, rowFault: RowFault | undefined) => Answer;

const OK: Answer = { status: 200, body: { success: true } };

// Experiment tokens are of their own kind, and mixing the two up is a common mistake in configuration.
const EXPERIMENT_TOKEN_PREFIX = 'exp_';

/** Finds the handler of a path relative to the base URL. */
export function createRoutes(service: Service): (path: string) => Handler | undefined {
  const ingest = new Map<string, Handler>([
    [PATHS.track, (body) => takeTrack(service, body)],
    [PATHS.identify, (body) => takeIdentify(service, body)],
    [PATHS.batch, (body, rowFault) => takeBatch(service, body, rowFault)],
  ]);
  return (path) => {
    const handler = ingest.get(path);
    if (handler !== undefined) return withToken(service, false, handler);
    if (path === PATHS.personalization) return withToken(service, true, (body) => listPersonalizations(service, body));
    if (!path.startsWith(PATHS.assignments)) return undefined;
    const key = decode(path.slice(PATHS.assignments.length));
    return withToken(service, true, (body) => answerAssignment(service, key, body));
  };
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

function withToken({ tokens }: Service, forExperiments: boolean, handler: Handler): Handler {
  return (body, rowFault) => {
    const parsed = tokenSchema.safeParse(body);
    if (!parsed.success) return malformed(parsed.error);
    const { token } = parsed.data;
    const isKnown = tokens?.has(token) ?? true;
    if (!isKnown || token.startsWith(EXPERIMENT_TOKEN_PREFIX) !== forExperiments) return refuse(401, 'unknown token');
    return handler(body, rowFault);
  };
}

function malformed(error: z.ZodError): Answer {
  return refuse(400, describeIssue(error));
}

function takeTrack(service: Service, body: unknown): Answer {
  const problem = takeRow(service, trackSchema, body, service.now());
  return problem === undefined ? OK : refuse(400, problem);
}

function takeIdentify({ log, now }: Service, body: unknown): Answer {
  const parsed = identifySchema.safeParse(body);
  if (!parsed.success) return malformed(parsed.error);
  log.append({ ...parsed.data, event: IDENTIFY_EVENT }, now());
  return OK;
}

function takeBatch(service: Service, body: unknown, rowFault: RowFault | undefined): Answer {
  const parsed = batchSchema.safeParse(body);
  if (!parsed.success) return malformed(parsed.error);
  const { events } = parsed.data;
  const { maxBatchRows } = service;
  if (events.length > maxBatchRows) return refuse(413, `more than ${maxBatchRows} rows in one batch`, maxBatchRows);
  const receivedAt = service.now();
  let failed = 0;
  const results = events.map((row, index): WireBatchRow => {
    const fault = rowFault?.(index);
    if (fault !== undefined) {
      failed += 1;
      return { index, success: false, code: fault, message: 'injected fault' };
    }
    const message = takeRow(service, batchRowSchema, row, receivedAt);
    if (message === undefined) return { index, success: true };
    failed += 1;
    return { index, success: false, code: 'invalid_event', message };
  });
  const counts = { success: failed === 0, accepted: events.length - failed, failed };
  const answer: WireBatchAnswer = failed === 0 ? counts : { ...counts, results };
  return { status: failed === 0 ? 200 : 207, body: answer };
}

/** Keeps one row, or says why not. */
function takeRow(
  { log }: Service,
  schema: z.ZodType<WireTrack>,
  input: unknown,
  receivedAt: number,
): string | undefined {
  const parsed = schema.safeParse(input);
  const problem = parsed.success ? timeProblem(parsed.data.time, receivedAt) : describeIssue(parsed.error);
  if (parsed.success && problem === undefined) log.append(parsed.data, receivedAt);
  else log.refuse(problem ?? 'invalid');
  return problem;
}

function timeProblem(time: number | undefined, receivedAt: number): string | undefined {
  if (time === undefined || isTimely(time, receivedAt)) return undefined;
  return time > receivedAt + FUTURE_TOLERANCE_MS
    ? 'time: in the future by the clock of the service'
    : 'time: older than 7 days';
}

function answerAssignment(service: Service, key: string | undefined, body: unknown): Answer {
  const { log, experiments, now } = service;
  const experiment = key === undefined ? undefined : experiments.find(key);
  if (experiment === undefined) return refuse(404, 'unknown experiment');
  const parsed = assignmentSchema.safeParse(body);
  if (!parsed.success) return malformed(parsed.error);
  const variant = assign(experiment, parsed.data, service);
  if (variant !== undefined && parsed.data.track_impression !== false) {
    log.append(impressionOf(parsed.data.visitor_id, experiment, variant), now());
  }
  return { status: 200, body: assignmentAnswer(experiment, variant) };
}

/** [A] The names of an impression's properties are unpublished; these are the assignment answer's. */
function impressionOf(visitorId: string, experiment: Experiment, variant: Variant): WireTrack {
  return {
    event: IMPRESSION_EVENT,
    userId: visitorId,
    eventProperties: {
      experiment_id: experiment.id,
      experiment_key: experiment.key,
      variant_id: variant.id,
      variant_name: variant.name,
    },
  };
}

function assignmentAnswer(experiment: Experiment, variant: Variant | undefined): WireAssignmentAnswer {
  if (variant === undefined) return { success: true, in_experiment: false };
  return {
    success: true,
    in_experiment: true,
    experiment_id: experiment.id,
    experiment_key: experiment.key,
    experiment_name: experiment.name,
    variant_id: variant.id,
    variant_name: variant.name,
    is_control: variant.isControl,
    type: experiment.type,
  };
}

function listPersonalizations({ experiments }: Service, body: unknown): Answer {
  const parsed = personalizationSchema.safeParse(body);
  if (!parsed.success) return malformed(parsed.error);
  return {
    status: 200,
    body: { success: true, personalizations: experiments.personalizations(parsed.data.visitor_id) },
  };
}
