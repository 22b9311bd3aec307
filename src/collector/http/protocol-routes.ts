import type { z } from 'zod';
import {
  IDENTIFY_EVENT,
  IMPRESSION_EVENT,
  PATHS,
  type WireAssignmentAnswer,
  type WireBatchAnswer,
  type WireBatchRow,
  type WirePersonalizations,
  type WireTrack,
} from '../../protocol/wire.js';
import { assign } from '../experiments/assignments.js';
import type { Experiment, Variant } from '../experiments/experiment.js';
import type { ExperimentStore } from '../experiments/experiment-store.js';
import type { Page } from '../experiments/targeting.js';
import type { Delivery, EventIngest } from '../ingest/event-ingest.js';
import { describeRefusal } from '../ingest/refused-row.js';
import { FUTURE_TOLERANCE_MS, isTimely } from '../measuring/ingest-rules.js';
import { parse } from '../parse.js';
import { type Answer, refuse } from './answer.js';
import type { RowFault } from './faults.js';
import { API_PREFIX, type Route, type RouteRequest } from './route.js';
import {
  assignmentSchema,
  batchRowSchema,
  batchSchema,
  identifySchema,
  personalizationSchema,
  tokenSchema,
  trackSchema,
} from './schemas.js';
import { type OrNull, withoutNulls } from './without-nulls.js';

/** The dependencies of the routes. */
export interface Service {
  readonly ingest: EventIngest;
  readonly experiments: ExperimentStore;
  readonly now: () => number;
  /** Whether the visitor was seen in an earlier session. */
  readonly isReturning: (visitorId: string) => boolean;
  /** Whether a token is known and of this kind. */
  readonly isToken: (token: string, kind: TokenKind) => boolean;
  readonly maxBatchRows: number;
  /** Called with a key that no experiment has. */
  readonly reportUnknown: (key: string) => void;
}

const OK: Answer = { status: 200, body: { success: true } };

// Source and experiment tokens are easily mixed up in a configuration.
const EXPERIMENT_TOKEN_PREFIX = 'exp_';

/** The Ingest API and the assignment API. */
export function protocolRoutes(service: Service): Route[] {
  const route = (path: string, kind: TokenKind, handle: Handler): Route => ({
    method: 'POST',
    path: API_PREFIX + path,
    accepts: 'json',
    handle: (request) => withToken(service.isToken, kind, request, handle),
  });
  return [
    route(PATHS.track, 'source', ({ body }, token) => acceptTrack(service, body, token)),
    route(PATHS.identify, 'source', ({ body }, token) => acceptIdentify(service, body, token)),
    route(PATHS.batch, 'source', ({ body, rowFault }, token) => acceptBatch(service, body, token, rowFault)),
    route(PATHS.personalization, 'experiment', ({ body }) => listPersonalizations(service, body)),
    route(`${PATHS.assignments}:key`, 'experiment', ({ params, body }, token) =>
      assignVisitor(service, params.key!, body, token),
    ),
  ];
}

export type TokenKind = 'source' | 'experiment';

type Handler = (request: RouteRequest, token: string) => Answer;

/** Returns whether a token is known and of the given kind. */
export function isTokenOf(kind: TokenKind, token: string, known: ReadonlySet<string> | undefined): boolean {
  return (known?.has(token) ?? true) && token.startsWith(EXPERIMENT_TOKEN_PREFIX) === (kind === 'experiment');
}

function withToken(isToken: Service['isToken'], kind: TokenKind, request: RouteRequest, handle: Handler): Answer {
  const parsed = parse(tokenSchema, request.body);
  if (parsed.problem !== undefined) return refuse(400, parsed.problem);
  const { token } = parsed.data;
  return isToken(token, kind) ? handle(request, token) : refuse(401, 'unknown token');
}

function acceptTrack({ ingest }: Service, body: unknown, token: string): Answer {
  const problem = ingest.receive(token, (delivery, receivedAt) => acceptRow(delivery, trackSchema, body, receivedAt));
  return problem === undefined ? OK : refuse(400, problem);
}

function acceptIdentify({ ingest }: Service, body: unknown, token: string): Answer {
  const problem = ingest.receive(token, (delivery) => {
    const parsed = parse(identifySchema, body);
    if (parsed.problem === undefined) delivery.accept({ ...withoutNulls(parsed.data), event: IDENTIFY_EVENT });
    else delivery.refuse(describeRefusal({ event: IDENTIFY_EVENT }, parsed.problem));
    return parsed.problem;
  });
  return problem === undefined ? OK : refuse(400, problem);
}

function acceptBatch(
  { ingest, maxBatchRows }: Service,
  body: unknown,
  token: string,
  rowFault: RowFault | undefined,
): Answer {
  const parsed = parse(batchSchema, body);
  if (parsed.problem !== undefined) return refuse(400, parsed.problem);
  const { events } = parsed.data;
  if (events.length > maxBatchRows) return refuse(413, `more than ${maxBatchRows} rows in one batch`, maxBatchRows);
  let failed = 0;
  let queueFailed = 0;
  const results = ingest.receive(token, (delivery, receivedAt) =>
    events.map((row, index): WireBatchRow => {
      const fault = rowFault?.(index);
      if (fault !== undefined) {
        failed += 1;
        if (fault === 'queue_failed') queueFailed += 1;
        return { index, success: false, code: fault, message: 'injected fault' };
      }
      const message = acceptRow(delivery, batchRowSchema, row, receivedAt);
      if (message === undefined) return { index, success: true };
      failed += 1;
      return { index, success: false, code: 'invalid_event', message };
    }),
  );
  const answer: WireBatchAnswer = { success: failed === 0, accepted: events.length - failed, failed, results };
  if (failed === 0) return { status: 200, body: answer };
  // No row could be stored, and all of them may be sent again.
  return { status: queueFailed === events.length ? 500 : 207, body: answer };
}

/** Accepts one row, or returns why it is refused. */
function acceptRow(
  delivery: Delivery,
  schema: z.ZodType<OrNull<WireTrack>>,
  input: unknown,
  receivedAt: number,
): string | undefined {
  const { data, problem = timeProblem(data?.time, receivedAt) } = parse(schema, input);
  if (data !== undefined && problem === undefined) delivery.accept(withoutNulls<WireTrack>(data));
  else delivery.refuse(describeRefusal(input, problem ?? 'invalid'));
  return problem;
}

function timeProblem(time: number | null | undefined, receivedAt: number): string | undefined {
  if (time == null || isTimely(time, receivedAt)) return undefined;
  return time > receivedAt + FUTURE_TOLERANCE_MS
    ? 'time: in the future by the service’s clock'
    : 'time: older than 7 days';
}

function assignVisitor(service: Service, key: string, body: unknown, token: string): Answer {
  const experiment = service.experiments.find(key);
  if (experiment === undefined) {
    service.reportUnknown(key);
    return refuse(404, 'unknown experiment');
  }
  const parsed = parse(assignmentSchema, body);
  if (parsed.problem !== undefined) return refuse(400, parsed.problem);
  const { visitor_id: visitorId, track_impression: isRecorded, context } = parsed.data;
  const variant = assign(experiment, { visitor_id: visitorId, context: withoutNulls<Page>(context ?? {}) }, service);
  // [A] A rollout records no impression: its experiment is over, and the impression would only get a warning.
  if (variant !== undefined && isRecorded !== false && experiment.rollout === undefined) {
    service.ingest.receive(token, (delivery) => delivery.accept(impressionOf(visitorId, experiment, variant)));
  }
  return { status: 200, body: assignmentAnswer(experiment, variant) };
}

/** [A] The property names of an impression are unpublished. These are the names of the assignment answer. */
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
    ...(variant.redirectUrl === undefined ? {} : { redirect: variant.redirectUrl }),
  };
}

function listPersonalizations({ experiments }: Service, body: unknown): Answer {
  const parsed = parse(personalizationSchema, body);
  if (parsed.problem !== undefined) return refuse(400, parsed.problem);
  return {
    status: 200,
    body: {
      success: true,
      personalizations: [...experiments.personalizations(parsed.data.visitor_id)],
      properties: {},
    } satisfies WirePersonalizations,
  };
}
