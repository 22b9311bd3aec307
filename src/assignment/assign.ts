import type { Transport } from '../delivery/transport.js';
import type { Verdict } from '../delivery/verdict.js';
import { OursError } from '../errors.js';
import type { Episodes } from '../logger.js';
import { toBytes } from '../protocol/bytes.js';
import { checkText, toSid } from '../protocol/identity.js';
import { MAX_ID_LENGTH } from '../protocol/limits.js';
import { Refusal } from '../protocol/refusal.js';
import {
  PATHS,
  type WireAssignmentAnswer,
  type WireAssignmentRequest,
  type WirePersonalization,
} from '../protocol/wire.js';
import { later } from '../timers.js';
import type { Assignment, AssignOptions, NotAssigned, Personalization } from './assignment.js';
import { ExpiringCache } from './expiring-cache.js';

/** An assignment may change when an experiment is stopped; a minute is soon enough to notice. */
const ANSWER_TTL_MS = 60_000;
/** A browser session lasts at most six hours (protocol §3). */
const EXPOSURE_TTL_MS = 6 * 60 * 60_000;
const MAX_ANSWERS = 10_000;
const MAX_EXPOSURES = 50_000;

const TOKEN_IS_MISSING = 'experimentToken is missing: pass it to createClient or set OURS_EXPERIMENT_TOKEN.';

export interface AssignerOptions {
  /** Without retries: a recording call has no idempotency key, a second one may record a second impression. */
  readonly transport: Transport;
  readonly experimentToken: string | undefined;
  readonly timeoutMs: number;
  readonly monotonic: () => number;
  readonly episodes: Episodes;
  /** Whether the service is known to be down, so that a page need not wait to find out. */
  readonly isDown: () => boolean;
}

/** Asks for assignments: cached, one request at a time for the same question, each exposure recorded once. */
export class Assigner {
  readonly #options: AssignerOptions;
  readonly #answers: ExpiringCache<Assignment>;
  /** (experiment, visitor, session) → the variants whose exposure the service has recorded: nearly always one. */
  readonly #exposures: ExpiringCache<readonly string[]>;
  readonly #inFlight = new Map<string, Promise<Assignment>>();

  constructor(options: AssignerOptions) {
    this.#options = options;
    this.#answers = new ExpiringCache(MAX_ANSWERS, ANSWER_TTL_MS, options.monotonic);
    this.#exposures = new ExpiringCache(MAX_EXPOSURES, EXPOSURE_TTL_MS, options.monotonic);
  }

  async assign(experimentKey: string, visitorId: string | undefined, options: AssignOptions): Promise<Assignment> {
    options.signal?.throwIfAborted();
    if (!visitorId) return { inExperiment: false, experimentKey, reason: 'no_visitor' };
    const misuse =
      checkText('experiment key', experimentKey, MAX_ID_LENGTH) ??
      checkEncodable(experimentKey) ??
      checkText('visitorId', visitorId, MAX_ID_LENGTH);
    if (misuse !== undefined) return this.#fallback(experimentKey, misuse.message);
    if (options.forceVariant) return forced(experimentKey, options.forceVariant);
    if (this.#options.experimentToken === undefined) return this.#fallback(experimentKey, TOKEN_IS_MISSING);
    const question: Question = {
      experimentKey,
      visitorId,
      session: toSid(options.sessionId) ?? '',
      url: options.url,
      search: options.search,
      record: options.record ?? true,
    };
    const answer = this.#fromCache(question) ?? this.#ask(question);
    return this.#inTime(answer, experimentKey, options);
  }

  async personalization(
    visitorId: string,
    options: Pick<AssignOptions, 'timeoutMs' | 'signal'>,
  ): Promise<readonly Personalization[]> {
    const misuse = checkText('visitorId', visitorId, MAX_ID_LENGTH);
    if (misuse !== undefined) throw new OursError('assignment_failed', misuse.message);
    if (this.#options.experimentToken === undefined) throw new OursError('assignment_failed', TOKEN_IS_MISSING);
    // No AbortSignal.timeout(): Node 20 forgets one that only a combined signal holds.
    const deadline = new AbortController();
    const cancel = later(options.timeoutMs ?? this.#options.timeoutMs, () => deadline.abort());
    const signal = options.signal === undefined ? deadline.signal : AbortSignal.any([deadline.signal, options.signal]);
    const verdict = await this.#post(PATHS.personalization, { visitor_id: visitorId }, signal).finally(cancel);
    options.signal?.throwIfAborted();
    if (verdict.kind !== 'delivered') throw new OursError('assignment_failed', `personalization: ${explain(verdict)}`);
    const { personalizations } = verdict.answer as { personalizations?: WirePersonalization[] };
    return (personalizations ?? []).map(toPersonalization);
  }

  /** An answer that needs no request: known, and its exposure recorded or not to be recorded. */
  #fromCache(question: Question): Assignment | undefined {
    const known = this.#answers.get(answerKey(question));
    if (known === undefined || !question.record || !known.inExperiment) return known;
    return this.#exposures.get(unitKey(question))?.includes(known.variantName) ? known : undefined;
  }

  #ask(question: Question): Promise<Assignment> {
    // Questions that record run one after the other for a visitor's session, whatever page they come from: each may find
    // its exposure recorded by the one before. Questions that only read share an answer to the same question.
    const key = question.record ? `record ${unitKey(question)}` : `read ${answerKey(question)}`;
    const running = this.#inFlight.get(key);
    if (running !== undefined) {
      if (!question.record) return running;
      return running.then((last) =>
        last.reason === 'fallback' ? last : (this.#fromCache(question) ?? this.#ask(question)),
      );
    }
    const asking = this.#record(question).finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, asking);
    return asking;
  }

  /** Asks and sees to it that the exposure is recorded once. */
  async #record(question: Question): Promise<Assignment> {
    if (!question.record) return this.#request(question, false);
    const recorded = this.#exposures.get(unitKey(question)) ?? [];
    let assignment = await this.#request(question, recorded.length === 0);
    if (!assignment.inExperiment || recorded.includes(assignment.variantName)) return assignment;
    if (recorded.length > 0) assignment = await this.#request(question, true);
    if (assignment.inExperiment) this.#exposures.set(unitKey(question), [...recorded, assignment.variantName]);
    return assignment;
  }

  async #request(question: Question, trackImpression: boolean): Promise<Assignment> {
    const { experimentKey, visitorId, url, search } = question;
    if (this.#options.isDown()) return this.#fallback(experimentKey, 'the service is down; delivery is probing it.');
    const body: WireAssignmentRequest = {
      visitor_id: visitorId,
      ...(url || search ? { context: { ...(url ? { url } : {}), ...(search ? { search } : {}) } } : {}),
      track_impression: trackImpression,
    };
    const verdict = await this.#post(PATHS.assignments + encodeURIComponent(experimentKey), body);
    if (verdict.kind !== 'delivered') return this.#fallback(experimentKey, explain(verdict));
    const assignment = toAssignment(experimentKey, verdict.answer as WireAssignmentAnswer);
    if (assignment === undefined) return this.#fallback(experimentKey, 'the answer names no variant.');
    this.#options.episodes.end('assign');
    this.#answers.set(answerKey(question), assignment);
    return assignment;
  }

  #post(path: string, body: object, signal?: AbortSignal): Promise<Verdict> {
    const bytes = toBytes(JSON.stringify({ token: this.#options.experimentToken, ...body }));
    return this.#options.transport.send({ path, body: bytes }, signal);
  }

  /**
   * The answer, or the fallback when time is over. The request itself goes on: it may have been recorded already, and its
   * answer serves the visitor's next question.
   */
  #inTime(
    answer: Assignment | Promise<Assignment>,
    experimentKey: string,
    options: AssignOptions,
  ): Promise<Assignment> {
    const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs;
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(options.signal?.reason);
      if (options.signal?.aborted) return abort();
      options.signal?.addEventListener('abort', abort, { once: true });
      const cancel = later(timeoutMs, () =>
        resolve(this.#fallback(experimentKey, `no answer within ${timeoutMs} ms.`)),
      );
      Promise.resolve(answer)
        .then(resolve, reject)
        .finally(() => {
          cancel();
          options.signal?.removeEventListener('abort', abort);
        });
    });
  }

  #fallback(experimentKey: string, why: string): NotAssigned {
    const error = new OursError(
      'assignment_failed',
      `no assignment for experiment '${String(experimentKey).slice(0, 80)}': ${why}`,
    );
    this.#options.episodes.say('assign', `${error.message} The visitor is shown no variant.`);
    return { inExperiment: false, experimentKey, reason: 'fallback', error };
  }
}

interface Question {
  readonly experimentKey: string;
  readonly visitorId: string;
  readonly session: string;
  readonly url: string | undefined;
  readonly search: string | undefined;
  readonly record: boolean;
}

/** The key is part of the path, where half a surrogate pair cannot be. */
function checkEncodable(experimentKey: string): Refusal | undefined {
  try {
    encodeURIComponent(experimentKey);
    return undefined;
  } catch {
    return new Refusal('invalid_field', 'experiment key must be well-formed text; got half of a surrogate pair.');
  }
}

function unitKey({ experimentKey, visitorId, session }: Question): string {
  return JSON.stringify([experimentKey, visitorId, session]);
}

/** An answer depends on the page, not on the session. */
function answerKey({ experimentKey, visitorId, url, search }: Question): string {
  return JSON.stringify([experimentKey, visitorId, url, search]);
}

function explain(verdict: Exclude<Verdict, { kind: 'delivered' }>): string {
  switch (verdict.kind) {
    case 'unauthorized':
      return 'the service refused the experiment token (HTTP 401): check experimentToken or OURS_EXPERIMENT_TOKEN.';
    case 'rejected':
      return `the service refused (HTTP ${verdict.status}).`;
    case 'tooLarge':
      return 'the request is too large (HTTP 413).';
    case 'retryable':
      return verdict.reason === 'HTTP 404' ? 'the service knows no such experiment (HTTP 404).' : `${verdict.reason}.`;
  }
}

function toAssignment(experimentKey: string, answer: WireAssignmentAnswer): Assignment | undefined {
  if (answer.in_experiment !== true) return { inExperiment: false, experimentKey, reason: 'not_assigned' };
  const variantName = answer.variant_name ?? answer.variant_id;
  if (typeof variantName !== 'string') return undefined;
  return {
    inExperiment: true,
    experimentId: answer.experiment_id,
    experimentKey: answer.experiment_key ?? experimentKey,
    experimentName: answer.experiment_name,
    variantId: answer.variant_id,
    variantName,
    isControl: answer.is_control,
    type: answer.type,
    redirect: answer.redirect,
    reason: 'assigned',
  };
}

function forced(experimentKey: string, variantName: string): Assignment {
  return {
    inExperiment: true,
    experimentId: undefined,
    experimentKey,
    experimentName: undefined,
    variantId: undefined,
    variantName,
    isControl: undefined,
    type: undefined,
    redirect: undefined,
    reason: 'forced',
  };
}

function toPersonalization(wire: WirePersonalization): Personalization {
  return {
    assignedAt: wire.assigned_at,
    experimentId: wire.experiment_id,
    experimentKey: wire.experiment_key,
    experimentName: wire.experiment_name,
    variantId: wire.variant_id,
    variantName: wire.variant_name,
  };
}
