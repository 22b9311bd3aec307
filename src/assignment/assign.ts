import { OursError } from '../core/errors.js';
import { type Refusal, typeName } from '../core/refusal.js';
import { later, sleep } from '../core/timers.js';
import { checkNames, fieldNames } from '../core/unknown-names.js';
import { withTimeout } from '../core/with-timeout.js';
import { toBytes } from '../protocol/bytes.js';
import { type Checked, MISUSE } from '../protocol/event.js';
import { checkSessionId, checkText, checkUserId, toSid } from '../protocol/identity.js';
import { toJson } from '../protocol/json.js';
import { MAX_ID_LENGTH, MAX_SESSION_MS } from '../protocol/limits.js';
import { PATHS, type WireAssignmentRequest, type WirePersonalization } from '../protocol/wire.js';
import type { SendResult } from '../transport/send-result.js';
import type { Transport } from '../transport/transport.js';
import type { Assignment, AssignOptions, Personalization } from './assignment.js';
import { createExpiringCache } from './expiring-cache.js';
import { createExposureMemory, type ExposureMemoryOptions } from './exposures.js';
import { inVariant, toAssignment, toPersonalization } from './from-wire.js';

/** An assignment may change when an experiment is stopped; a minute is soon enough to notice. */
const ANSWER_TTL_MS = 60_000;
/**
 * How long an exposure without a session stands for the visitor's next session. Every request of one landing finds it, so it is
 * recorded once. The next time that the visitor is without a session comes later: only after 30 minutes without activity, less
 * the 5 by which clocks may differ (`adapters/session-end.ts`).
 */
const SESSIONLESS_TTL_MS = 25 * 60_000;
const MAX_ANSWERS = 10_000;

export interface AssignerOptions extends ExposureMemoryOptions {
  /** Without retries: a recording call has no idempotency key, a second one may record a second impression. */
  readonly transport: Transport;
  readonly timeoutMs: number;
  /** An exposure of this visitor was recorded, between the request and this call. */
  readonly onRecorded: (userId: string) => void;
  /** Whether the service is known to be down, so that a page need not wait to find out. */
  readonly isDown: () => boolean;
}

type WaitOptions = Pick<AssignOptions, 'timeoutMs' | 'signal'>;
type Asked<Options> = Options & Checked & { readonly userId: string | undefined };
/** How an assignment is asked for, and for whom. */
export type AssignQuestion = Asked<AssignOptions>;

const WAITING = { timeoutMs: 1, signal: 1 } as const;
/** What a question about a known visitor may say. */
export const WAIT_OPTIONS: ReadonlySet<string> = fieldNames<WaitOptions>(WAITING);
export const ASSIGN_OPTIONS: ReadonlySet<string> = fieldNames<AssignOptions>({
  ...WAITING,
  sessionId: 1,
  url: 1,
  search: 1,
  record: 1,
  forceVariant: 1,
});
const WAIT_NAMES: ReadonlySet<string> = new Set(['userId', ...WAIT_OPTIONS]);
const ASSIGN_NAMES: ReadonlySet<string> = new Set(['userId', ...ASSIGN_OPTIONS]);

/** Why there is no answer. */
class NoAnswer {
  /** A sentence. */
  readonly why: string;
  /** Whether the service may have an answer and cannot give it now. */
  readonly isOutage: boolean;

  constructor(why: string, isOutage = false) {
    this.why = why;
    this.isOutage = isOutage;
  }
}

/** Asks for assignments: cached, one request at a time for a visitor's session, each exposure recorded once. */
export interface Assigner {
  assign(experimentKey: string, asked: AssignQuestion): Promise<Assignment>;
  personalization(asked: Asked<WaitOptions>): Promise<readonly Personalization[]>;
}

interface Question {
  readonly experimentKey: string;
  readonly body: WireAssignmentRequest;
  readonly record: boolean;
  /** What the answer depends on: the page, not the session. */
  readonly page: string;
  /** What an exposure is recorded for: the session, not the page. Without one, the visitor until a session is known. */
  readonly unit: string;
  /** How long the unit can be the same. */
  readonly unitMs: number;
  /** Where the last assignment may be shown again in an outage: in any session, on a page of the same path. */
  readonly place: string;
}

export function createAssigner(options: AssignerOptions): Assigner {
  const { transport, experimentToken, exposuresTimeoutMs, monotonic, warnings, isDown } = options;
  const answers = createExpiringCache<Assignment>(MAX_ANSWERS, monotonic);
  const exposures = createExposureMemory(options);
  const inFlight = new Map<string, Promise<Assignment | NoAnswer>>();
  /** By unit: the assignment whose exposure is being recorded, claimed from all other processes. */
  const recording = new Map<string, Assignment>();

  async function post(path: string, body: WireAssignmentRequest): Promise<object | NoAnswer> {
    if (experimentToken === undefined)
      return new NoAnswer('experimentToken is missing: pass it or set OURS_EXPERIMENT_TOKEN.');
    if (isDown()) return new NoAnswer('the service is down.', true);
    const bytes = toBytes(toJson({ token: experimentToken, ...body }));
    const result = await transport.send({ path, body: bytes });
    return result.kind === 'delivered' ? (result.answer as object) : explain(result);
  }

  /**
   * The answer, if it comes while there is time. The request itself goes on: it may have been recorded already, and its
   * answer serves the visitor's next question.
   */
  function inTime<Answer>(answer: Promise<Answer>, { signal, timeoutMs }: WaitOptions): Promise<Answer | NoAnswer> {
    const ms = timeoutMs ?? options.timeoutMs;
    return withTimeout(answer, {
      signal,
      timeoutMs: ms,
      onTimeout: () => new NoAnswer(`no answer within ${ms} ms.`, true),
    });
  }

  /**
   * Says what happened and what visitors are shown, at most once a minute; returns the first. It has no end that could be
   * noticed: other visitors and experiments get their answers all the while.
   */
  function warn(experimentKey: string, { why, isOutage }: NoAnswer, effect: string): string {
    const message = `no assignment for experiment '${String(experimentKey).slice(0, 80)}': ${why}`;
    // An outage is everybody's; what the service or we refuse, such as a misspelt key, is the experiment's own.
    if (isOutage) warnings.throttled('assign', `${message} ${effect}`);
    else warnings.throttledEach(`${message} ${effect}`);
    return message;
  }

  /** Whether an answer needs no further request: its exposure is recorded, or none is to be. */
  function suffices({ record, unit }: Question, answer: Assignment): boolean {
    return !record || !answer.inExperiment || exposures.isRecorded(unit, answer.variantName);
  }

  function fromCache(question: Question): Assignment | undefined {
    const known = answers.get(question.page);
    if (known === undefined || !suffices(question, known)) return undefined;
    return withExposure(question, known);
  }

  /** The answer for this visitor's session; it is kept for all of the visitor's sessions. */
  function withExposure({ unit }: Question, answer: Assignment): Assignment {
    if (!answer.inExperiment || answer.exposed === exposures.isRecorded(unit, answer.variantName)) return answer;
    return { ...answer, exposed: !answer.exposed };
  }

  async function request(question: Question, isRecording: boolean): Promise<Assignment | NoAnswer> {
    const { experimentKey, body, page, unit, unitMs, place } = question;
    // No path holds half a surrogate pair, and no experiment's key does.
    const path = PATHS.assignments + encodeURIComponent(experimentKey.replace(/\p{Surrogate}/gu, '\ufffd'));
    const answer = await post(path, { ...body, track_impression: isRecording });
    const assignment = answer instanceof NoAnswer ? answer : toAssignment(experimentKey, answer);
    if (assignment instanceof NoAnswer) return assignment;
    if (typeof assignment === 'string') return new NoAnswer(assignment);
    exposures.noteAssignment(place, assignment);
    if (isRecording && assignment.inExperiment) {
      exposures.noteRecorded(unit, assignment.variantName, unitMs);
      options.onRecorded(body.visitor_id);
    }
    const answered = withExposure(question, assignment);
    answers.set(page, answered, ANSWER_TTL_MS);
    return answered;
  }

  /**
   * Sees to it that each exposure is recorded once. One request asks and records where this process alone decides. Otherwise
   * the variant is asked for first: only an exposure that will be recorded is claimed, or a visitor who is on no page of the
   * experiment yet would take the claim from the page that is.
   */
  async function requestOnce(question: Question): Promise<Assignment | NoAnswer> {
    const { record, unit, unitMs, page, place } = question;
    const recordsAtOnce = record && !exposures.isShared && !exposures.hasRecorded(unit);
    const known = recordsAtOnce ? undefined : answers.get(page);
    const answer = known ?? (await request(question, recordsAtOnce));
    if (answer instanceof NoAnswer || !answer.inExperiment) return answer;
    if (suffices(question, answer)) return withExposure(question, answer);
    const claim = await exposures.claim(unit, answer.variantName, unitMs);
    if (claim === undefined) return withExposure(question, answer);
    recording.set(unit, answer);
    try {
      const recorded = await request(question, true);
      if (!(recorded instanceof NoAnswer)) await claim.confirm(place, recorded);
      return recorded;
    } finally {
      recording.delete(unit);
    }
  }

  /**
   * Questions run one after the other for a visitor's session, whatever page they come from: each may find its answer known
   * and its exposure recorded by the one before.
   */
  function ask(question: Question): Promise<Assignment | NoAnswer> {
    const { unit } = question;
    const running = inFlight.get(unit);
    if (running) {
      return running.then((last) => (last instanceof NoAnswer ? last : (fromCache(question) ?? ask(question))));
    }
    const asking = requestOnce(question).finally(() => inFlight.delete(unit));
    inFlight.set(unit, asking);
    return asking;
  }

  /**
   * In an outage the visitor keeps the last variant. The store is asked for it before the time is over, so that the page does
   * not wait longer.
   */
  async function answerOrLast(question: Question, asked: AssignOptions): Promise<Assignment | NoAnswer> {
    const { unit, place } = question;
    let recalling: Promise<Assignment | undefined> | undefined;
    const recall = (): Promise<Assignment | undefined> => {
      recalling ??= exposures.lastAssignment(place);
      return recalling;
    };
    const timeoutMs = asked.timeoutMs ?? options.timeoutMs;
    const endsAt = monotonic() + timeoutMs;
    const cancel = later(Math.max(timeoutMs / 2, timeoutMs - exposuresTimeoutMs), recall);
    const answer = await inTime(ask(question), asked).finally(cancel);
    if (!(answer instanceof NoAnswer && answer.isOutage)) return answer;
    const claimed = recording.get(unit);
    if (claimed) return claimed;
    const last = (await Promise.race([recall(), sleep(endsAt - monotonic())])) ?? undefined;
    if (last) warn(question.experimentKey, answer, 'Visitors keep the variant they had.');
    return last ?? answer;
  }

  function answerTo(
    experimentKey: string,
    userId: string,
    asked: AssignOptions,
  ): Assignment | NoAnswer | Promise<Assignment | NoAnswer> {
    const { forceVariant, url, search, record } = asked;
    // 'false' from an environment variable would record, and no impression can be taken back.
    if (typeof (record ?? true) !== 'boolean') {
      return new NoAnswer(`record must be true or false; got ${typeName(record)}.`);
    }
    if (forceVariant) return inVariant(experimentKey, forceVariant, 'forced', {});
    const body: WireAssignmentRequest = { visitor_id: userId };
    if (url || search) body.context = { ...(url && { url }), ...(search && { search }) };
    const sid = toSid(asked.sessionId);
    const question: Question = {
      experimentKey,
      body,
      record: record ?? true,
      page: JSON.stringify([experimentKey, body]),
      unit: JSON.stringify([experimentKey, userId, sid]),
      unitMs: sid === undefined ? SESSIONLESS_TTL_MS : MAX_SESSION_MS,
      place: JSON.stringify([experimentKey, userId, String(url ?? '').replace(/[?#].*/s, '')]),
    };
    return fromCache(question) ?? answerOrLast(question, asked);
  }

  return {
    async assign(experimentKey, asked) {
      asked?.signal?.throwIfAborted();
      const misuse = checkAsked('assign()', asked, ASSIGN_NAMES);
      if (!misuse && !asked.userId) return { inExperiment: false, experimentKey, reason: 'no_visitor' };
      const answer =
        misuse ??
        refused(checkText('experiment key', experimentKey, MAX_ID_LENGTH)) ??
        refused(checkSessionId(asked.sessionId)) ??
        (await answerTo(experimentKey, asked.userId!, asked));
      if (!(answer instanceof NoAnswer)) return answer;
      const message = warn(experimentKey, answer, 'The visitor is shown no variant.');
      const error = new OursError('assignment_failed', message);
      return { inExperiment: false, experimentKey, reason: 'fallback', error };
    },

    async personalization(asked) {
      asked?.signal?.throwIfAborted();
      const misuse = checkAsked('personalization()', asked, WAIT_NAMES);
      if (!misuse && !asked.userId) return [];
      const answer = misuse ?? (await inTime(post(PATHS.personalization, { visitor_id: asked.userId! }), asked));
      if (answer instanceof NoAnswer) throw new OursError('assignment_failed', `personalization: ${answer.why}`);
      const { personalizations } = answer as { personalizations?: WirePersonalization[] };
      if (!Array.isArray(personalizations))
        throw new OursError('assignment_failed', 'personalization: the answer has no list of personalizations.');
      return personalizations.map(toPersonalization);
    },
  };
}

function checkAsked(call: string, asked: Asked<object>, known: ReadonlySet<string>): NoAnswer | undefined {
  if (typeof asked !== 'object' || asked === null)
    return new NoAnswer(`${call} takes { userId }; got ${typeName(asked)}.`);
  const { userId } = asked;
  const isNobody = userId === undefined || userId === null || userId === '';
  return refused(asked[MISUSE] ?? checkNames(asked, known, call) ?? (isNobody ? undefined : checkUserId(userId)));
}

function refused(refusal: Refusal | undefined): NoAnswer | undefined {
  return refusal && new NoAnswer(refusal.message);
}

function explain(result: Exclude<SendResult, { kind: 'delivered' }>): NoAnswer {
  switch (result.kind) {
    case 'unauthorized':
      return new NoAnswer('the service refused experimentToken (HTTP 401): check it or OURS_EXPERIMENT_TOKEN.');
    case 'retryable':
      if (result.reason !== 'HTTP 404') return new NoAnswer(`${result.reason}.`, true);
      return new NoAnswer(
        result.isServiceAnswer
          ? 'the service knows no such experiment (HTTP 404).'
          : 'HTTP 404, but not from the service: is baseUrl right?',
      );
    default:
      return new NoAnswer(`the service refused (HTTP ${result.kind === 'rejected' ? result.status : 413}).`);
  }
}
