import { PATHS, type WireAssignmentRequest } from '../protocol/wire.js';
import type { Observer } from '../telemetry/observer.js';
import type { Assignment } from './assignment.js';
import { createExpiringCache } from './expiring-cache.js';
import { keyMatcher } from './exposure-key.js';
import type { ExposureMemory } from './exposures.js';
import { toAssignment } from './from-wire.js';
import { NoAnswer } from './no-answer.js';
import type { Question } from './question.js';

/** An assignment may change when an experiment is stopped; noticing it within a minute is enough. */
const ANSWER_TTL_MS = 60_000;
const MAX_ANSWERS = 10_000;

export type Answer = Assignment | NoAnswer;

export interface AnswersOptions {
  readonly monotonic: () => number;
  /** An exposure of this visitor was recorded, between the request and this call. */
  readonly onRecorded: (userId: string) => void;
  readonly observer?: Observer | undefined;
}

/** Sends a request to the service. */
export type Post = (path: string, body: WireAssignmentRequest) => Promise<object | NoAnswer>;

/** Answers questions: cached, one request at a time for a visitor's session, each exposure recorded once. */
export interface Answers {
  /** The answer, if it needs no request. */
  cached(question: Question): Assignment | undefined;
  ask(question: Question): Promise<Answer>;
  /** By unit: the assignment whose exposure is being recorded, after this process claimed it. */
  readonly recording: ReadonlyMap<string, Assignment>;
  /** Forgets the answers about a visitor. */
  forget(userId: string): void;
}

export function createAnswers(post: Post, exposures: ExposureMemory, options: AnswersOptions): Answers {
  const answers = createExpiringCache<Assignment>(MAX_ANSWERS, options.monotonic);
  /** By unit. */
  const inFlight = new Map<string, Promise<Answer>>();
  const recording = new Map<string, Assignment>();

  /** Whether no request is needed: the exposure is recorded, or should not be. */
  function suffices({ record, unit }: Question, answer: Assignment): boolean {
    return !record || !answer.inExperiment || exposures.isRecorded(unit, answer.variantName);
  }

  function cached(question: Question): Assignment | undefined {
    const known = answers.get(question.page);
    return known !== undefined && suffices(question, known) ? withExposure(question, known) : undefined;
  }

  /** The cache holds an answer for all sessions of the visitor; `exposed` depends on the session. */
  function withExposure({ unit }: Question, answer: Assignment): Assignment {
    if (!answer.inExperiment || answer.exposed === exposures.isRecorded(unit, answer.variantName)) return answer;
    return { ...answer, exposed: !answer.exposed };
  }

  async function request(question: Question, isRecording: boolean): Promise<Answer> {
    const { experimentKey, body, page, unit, unitMs, place } = question;
    // A path cannot hold half a surrogate pair, and no experiment's key does.
    const path = PATHS.assignments + encodeURIComponent(experimentKey.replace(/\p{Surrogate}/gu, '\ufffd'));
    const answer = await post(path, { ...body, track_impression: isRecording });
    const assignment = answer instanceof NoAnswer ? answer : toAssignment(experimentKey, answer);
    if (assignment instanceof NoAnswer) return assignment;
    exposures.noteAssignment(place, assignment);
    if (isRecording && assignment.inExperiment) {
      exposures.noteRecorded(unit, assignment.variantName, unitMs);
      options.onRecorded(body.visitor_id);
      options.observer?.exposed(experimentKey, assignment.variantName);
    }
    const answered = withExposure(question, assignment);
    answers.set(page, answered, ANSWER_TTL_MS);
    return answered;
  }

  /**
   * Records each exposure once. If only this process records, one request asks and records. Otherwise the variant is requested
   * first, and only an exposure that will be recorded is claimed: a visitor who is not yet on a page of the experiment must not
   * take the claim from the page that is.
   */
  async function askOnce(question: Question): Promise<Answer> {
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
   * The questions of a visitor's session run one after the other, from all pages: the previous one may have cached the answer and
   * recorded the exposure.
   */
  function ask(question: Question): Promise<Answer> {
    const { unit } = question;
    const running = inFlight.get(unit);
    if (running) {
      return running.then((last) => (last instanceof NoAnswer ? last : (cached(question) ?? ask(question))));
    }
    const asking = askOnce(question).finally(() => inFlight.delete(unit));
    inFlight.set(unit, asking);
    return asking;
  }

  return {
    cached,
    ask,
    recording,
    forget: (userId) => answers.deleteAll(keyMatcher(userId)),
  };
}
