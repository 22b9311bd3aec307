import type { Transport } from '../delivery/transport.js';
import type { Verdict } from '../delivery/verdict.js';
import { OursError } from '../errors.js';
import type { Episodes } from '../logger.js';
import { toBytes } from '../protocol/bytes.js';
import { checkText, toSid } from '../protocol/identity.js';
import { toJson } from '../protocol/json.js';
import { MAX_ID_LENGTH, MAX_SESSION_MS } from '../protocol/limits.js';
import { PATHS, type WireAssignmentRequest, type WirePersonalization } from '../protocol/wire.js';
import { later, onAbort } from '../timers.js';
import type { Assignment, AssignOptions, Personalization } from './assignment.js';
import { createExpiringCache } from './expiring-cache.js';
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
const MAX_EXPOSURES = 50_000;

export interface AssignerOptions {
  /** Without retries: a recording call has no idempotency key, a second one may record a second impression. */
  readonly transport: Transport;
  readonly experimentToken: string | undefined;
  readonly timeoutMs: number;
  readonly monotonic: () => number;
  readonly episodes: Episodes;
  /** An exposure of this visitor was recorded, between the request and this call. */
  readonly onRecorded: (visitorId: string) => void;
  /** Whether the service is known to be down, so that a page need not wait to find out. */
  readonly isDown: () => boolean;
}

type WaitOptions = Pick<AssignOptions, 'timeoutMs' | 'signal'>;

/** Why there is no answer, as a sentence. */
type WhyNot = string;

/** Asks for assignments: cached, one request at a time for a visitor's session, each exposure recorded once. */
export interface Assigner {
  assign(experimentKey: string, visitorId: string | undefined, options: AssignOptions): Promise<Assignment>;
  personalization(visitorId: string, options: WaitOptions): Promise<readonly Personalization[]>;
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
}

export function createAssigner(options: AssignerOptions): Assigner {
  const { transport, experimentToken, monotonic, episodes, isDown } = options;
  const answers = createExpiringCache<Assignment>(MAX_ANSWERS, monotonic);
  /** By unit: the variants whose exposure the service has recorded, nearly always one. */
  const exposures = createExpiringCache<readonly string[]>(MAX_EXPOSURES, monotonic);
  const inFlight = new Map<string, Promise<Assignment | WhyNot>>();

  async function post(path: string, body: WireAssignmentRequest): Promise<object | WhyNot> {
    if (experimentToken === undefined) return 'experimentToken is missing: pass it or set OURS_EXPERIMENT_TOKEN.';
    if (isDown()) return 'the service is down.';
    const bytes = toBytes(toJson({ token: experimentToken, ...body }));
    const verdict = await transport.send({ path, body: bytes });
    return verdict.kind === 'delivered' ? (verdict.answer as object) : explain(verdict);
  }

  /**
   * The answer, if it comes while there is time. The request itself goes on: it may have been recorded already, and its
   * answer serves the visitor's next question.
   */
  function inTime<Answer>(answer: Promise<Answer>, { signal, timeoutMs }: WaitOptions): Promise<Answer | WhyNot> {
    const ms = timeoutMs ?? options.timeoutMs;
    return new Promise((resolve, reject) => {
      const forget = onAbort(signal, () => reject(signal?.reason));
      const cancel = later(ms, () => resolve(`no answer within ${ms} ms.`));
      answer.then(resolve, reject).finally(() => {
        cancel();
        forget();
      });
    });
  }

  /** Whether an answer needs no further request: its exposure is recorded, or none is to be. */
  function suffices({ record, unit }: Question, answer: Assignment): boolean {
    return !record || !answer.inExperiment || isExposed(unit, answer.variantName);
  }

  function isExposed(unit: string, variantName: string): boolean {
    return exposures.get(unit)?.includes(variantName) === true;
  }

  function fromCache(question: Question): Assignment | undefined {
    const known = answers.get(question.page);
    if (known === undefined || !suffices(question, known)) return undefined;
    return withExposure(question, known);
  }

  /** The answer for this visitor's session; it is kept for all of the visitor's sessions. */
  function withExposure({ unit }: Question, answer: Assignment): Assignment {
    if (!answer.inExperiment || answer.exposed === isExposed(unit, answer.variantName)) return answer;
    return { ...answer, exposed: !answer.exposed };
  }

  async function request(question: Question, isRecording: boolean): Promise<Assignment | WhyNot> {
    const { experimentKey, body, page, unit, unitMs } = question;
    // No path holds half a surrogate pair, and no experiment's key does.
    const path = PATHS.assignments + encodeURIComponent(experimentKey.replace(/\p{Surrogate}/gu, '\ufffd'));
    const answer = await post(path, { ...body, track_impression: isRecording });
    const assignment = typeof answer === 'string' ? answer : toAssignment(experimentKey, answer);
    if (typeof assignment === 'string') return assignment;
    episodes.end('assign');
    if (isRecording && assignment.inExperiment) {
      exposures.set(unit, [...(exposures.get(unit) ?? []), assignment.variantName], unitMs);
      options.onRecorded(body.visitor_id);
    }
    const answered = withExposure(question, assignment);
    answers.set(page, answered, ANSWER_TTL_MS);
    return answered;
  }

  /** Sees to it that each exposure is recorded once. After the first one it reads, in case the variant is another one now. */
  async function requestOnce(question: Question): Promise<Assignment | WhyNot> {
    const answer = await request(question, question.record && !exposures.get(question.unit));
    return typeof answer === 'string' || suffices(question, answer) ? answer : request(question, true);
  }

  /**
   * Questions run one after the other for a visitor's session, whatever page they come from: each may find its answer known
   * and its exposure recorded by the one before.
   */
  function ask(question: Question): Promise<Assignment | WhyNot> {
    const { unit } = question;
    const running = inFlight.get(unit);
    if (running) {
      return running.then((last) => (typeof last === 'string' ? last : (fromCache(question) ?? ask(question))));
    }
    const asking = requestOnce(question).finally(() => inFlight.delete(unit));
    inFlight.set(unit, asking);
    return asking;
  }

  function answerTo(
    experimentKey: string,
    visitorId: string,
    asked: AssignOptions,
  ): Assignment | Promise<Assignment | WhyNot> {
    const { forceVariant, url, search, record } = asked;
    if (forceVariant) return inVariant(experimentKey, forceVariant, 'forced', {});
    const body: WireAssignmentRequest = { visitor_id: visitorId };
    if (url || search) body.context = { ...(url && { url }), ...(search && { search }) };
    const sid = toSid(asked.sessionId);
    const question: Question = {
      experimentKey,
      body,
      record: record ?? true,
      page: JSON.stringify([experimentKey, body]),
      unit: JSON.stringify([experimentKey, visitorId, sid]),
      unitMs: sid === undefined ? SESSIONLESS_TTL_MS : MAX_SESSION_MS,
    };
    return fromCache(question) ?? inTime(ask(question), asked);
  }

  return {
    async assign(experimentKey, visitorId, asked) {
      asked.signal?.throwIfAborted();
      if (!visitorId) return { inExperiment: false, experimentKey, reason: 'no_visitor' };
      const answer =
        checkId('experiment key', experimentKey) ??
        checkId('visitorId', visitorId) ??
        (await answerTo(experimentKey, visitorId, asked));
      if (typeof answer !== 'string') return answer;
      const message = `no assignment for experiment '${String(experimentKey).slice(0, 80)}': ${answer}`;
      episodes.say('assign', `${message} The visitor is shown no variant.`);
      const error = new OursError('assignment_failed', message);
      return { inExperiment: false, experimentKey, reason: 'fallback', error };
    },

    async personalization(visitorId, asked) {
      asked.signal?.throwIfAborted();
      const answer =
        checkId('visitorId', visitorId) ??
        (await inTime(post(PATHS.personalization, { visitor_id: visitorId }), asked));
      if (typeof answer === 'string') throw new OursError('assignment_failed', `personalization: ${answer}`);
      const { personalizations } = answer as { personalizations?: WirePersonalization[] };
      if (!Array.isArray(personalizations))
        throw new OursError('assignment_failed', 'personalization: the answer has no list of personalizations.');
      return personalizations.map(toPersonalization);
    },
  };
}

function checkId(field: string, id: unknown): WhyNot | undefined {
  return checkText(field, id, MAX_ID_LENGTH)?.message;
}

function explain(verdict: Exclude<Verdict, { kind: 'delivered' }>): WhyNot {
  switch (verdict.kind) {
    case 'unauthorized':
      return 'the service refused experimentToken (HTTP 401): check it or OURS_EXPERIMENT_TOKEN.';
    case 'retryable':
      if (verdict.reason !== 'HTTP 404') return `${verdict.reason}.`;
      return verdict.isServiceAnswer
        ? 'the service knows no such experiment (HTTP 404).'
        : 'HTTP 404, but not from the service: is baseUrl right?';
    default:
      return `the service refused (HTTP ${verdict.kind === 'rejected' ? verdict.status : 413}).`;
  }
}
