import { OursError } from '../core/errors.js';
import { later, sleep } from '../core/timers.js';
import { withTimeout } from '../core/with-timeout.js';
import { toBytes } from '../protocol/bytes.js';
import { toJson } from '../protocol/json.js';
import { PATHS, type WireAssignmentRequest, type WirePersonalization } from '../protocol/wire.js';
import type { AssignmentReport, Observer } from '../telemetry/observer.js';
import type { Transport } from '../transport/transport.js';
import { type Answer, createAnswers } from './answers.js';
import type { Assignment, AssignOptions, Personalization } from './assignment.js';
import { createExposureMemory, type ExposureMemoryOptions } from './exposures.js';
import { inVariant, toPersonalization } from './from-wire.js';
import { explain, NoAnswer } from './no-answer.js';
import {
  type Asked,
  type AssignQuestion,
  checkAsked,
  checkAssign,
  type Question,
  toQuestion,
  WAIT_NAMES,
  type WaitOptions,
} from './question.js';

export interface AssignerOptions extends ExposureMemoryOptions {
  /** Without retries: a recording call has no idempotency key, so a second one may record a second impression. */
  readonly transport: Transport;
  readonly timeoutMs: number;
  /** An exposure of this visitor was recorded, between the request and this call. */
  readonly onRecorded: (userId: string) => void;
  /** Whether the service is known to be down, so that a page need not wait. */
  readonly isDown: () => boolean;
  readonly observer?: Observer | undefined;
}

/** Asks the service for assignments, within a time limit and with a fallback in an outage. */
export interface Assigner {
  assign(experimentKey: string, asked: AssignQuestion): Promise<Assignment>;
  personalization(asked: Asked<WaitOptions>): Promise<readonly Personalization[]>;
  /** As {@link ExposureMemory.forget}. */
  forget(userId: string, dryRun: boolean): Promise<number>;
}

export function createAssigner(options: AssignerOptions): Assigner {
  const { transport, experimentToken, exposuresTimeoutMs, monotonic, warnings, isDown } = options;
  const exposures = createExposureMemory(options);
  const answers = createAnswers(post, exposures, options);

  async function post(path: string, body: WireAssignmentRequest): Promise<object | NoAnswer> {
    if (experimentToken === undefined) {
      return new NoAnswer('experimentToken is missing: pass it or set OURS_EXPERIMENT_TOKEN.');
    }
    if (isDown()) return new NoAnswer('the service is down.', true);
    const bytes = toBytes(toJson({ token: experimentToken, ...body }));
    const result = await transport.send({ path, body: bytes });
    return result.kind === 'delivered' ? (result.answer as object) : explain(result);
  }

  /**
   * The answer within the time limit. The request itself continues: it may be recorded already, and its answer serves the
   * visitor's next question.
   */
  function inTime<Result>(answer: Promise<Result>, { signal, timeoutMs }: WaitOptions): Promise<Result | NoAnswer> {
    const ms = timeoutMs ?? options.timeoutMs;
    return withTimeout(answer, {
      signal,
      timeoutMs: ms,
      onTimeout: () => new NoAnswer(`no answer within ${ms} ms.`, true),
    });
  }

  /** Warns with the effect, at most once a minute, and returns the message without it. */
  function warn(experimentKey: string, { why, isOutage }: NoAnswer, effect: string): string {
    const message = `no assignment for experiment '${String(experimentKey).slice(0, 80)}': ${why}`;
    // An outage affects all experiments; other failures, such as a misspelt key, only their own.
    if (isOutage) warnings.throttled('assign', `${message} ${effect}`);
    else warnings.throttledEach(`${message} ${effect}`);
    return message;
  }

  /**
   * In an outage the visitor keeps the last variant. The store is asked for it before the time is over, so that the page does not
   * wait longer.
   */
  async function answerOrLast(question: Question, asked: AssignOptions): Promise<Answer> {
    const { place } = question;
    let recalling: Promise<Assignment | undefined> | undefined;
    const recall = (): Promise<Assignment | undefined> => {
      recalling ??= exposures.lastAssignment(place);
      return recalling;
    };
    const timeoutMs = asked.timeoutMs ?? options.timeoutMs;
    const endsAt = monotonic() + timeoutMs;
    const cancel = later(Math.max(timeoutMs / 2, timeoutMs - exposuresTimeoutMs), recall);
    const answer = await inTime(answers.ask(question), asked).finally(cancel);
    if (!(answer instanceof NoAnswer && answer.isOutage)) return answer;
    const claimed = answers.recording.get(question.unit);
    if (claimed) return claimed;
    const last = (await Promise.race([recall(), sleep(endsAt - monotonic())])) ?? undefined;
    if (last) warn(question.experimentKey, answer, 'Visitors keep the variant they had.');
    return last ?? answer;
  }

  function answerTo(experimentKey: string, asked: AssignQuestion): Answer | Promise<Answer> {
    if (asked.forceVariant) return inVariant(experimentKey, asked.forceVariant, 'forced', {});
    const question = toQuestion(experimentKey, asked);
    return answers.cached(question) ?? answerOrLast(question, asked);
  }

  async function assign(experimentKey: string, asked: AssignQuestion): Promise<Assignment> {
    const startedAt = monotonic();
    const misuse = checkAssign(experimentKey, asked);
    const report = (assignment: Assignment, source: AssignmentReport['source']): Assignment => {
      const { inExperiment, variantName, reason } = assignment;
      const durationMs = monotonic() - startedAt;
      options.observer?.assigned({ experimentKey, inExperiment, variantName, reason, source, durationMs });
      return assignment;
    };
    if (!misuse && !asked.userId) return report({ inExperiment: false, experimentKey, reason: 'no_visitor' }, 'none');
    const found = misuse ?? answerTo(experimentKey, asked);
    const answer = await found;
    if (!(answer instanceof NoAnswer)) return report(answer, sourceOf(answer, found !== answer));
    const message = warn(experimentKey, answer, 'The visitor is shown no variant.');
    const error = new OursError('assignment_failed', message);
    return report({ inExperiment: false, experimentKey, reason: 'fallback', error }, 'none');
  }

  return {
    async assign(experimentKey, asked) {
      asked?.signal?.throwIfAborted();
      return assign(experimentKey, asked);
    },

    async personalization(asked) {
      asked?.signal?.throwIfAborted();
      const misuse = checkAsked('personalization()', asked, WAIT_NAMES);
      if (!misuse && !asked.userId) return [];
      const answer = misuse ?? (await inTime(post(PATHS.personalization, { visitor_id: asked.userId! }), asked));
      if (answer instanceof NoAnswer) throw new OursError('assignment_failed', `personalization: ${answer.why}`);
      const { personalizations } = answer as { personalizations?: WirePersonalization[] };
      if (!Array.isArray(personalizations)) {
        throw new OursError('assignment_failed', 'personalization: the answer has no personalizations.');
      }
      return personalizations.map(toPersonalization);
    },

    forget(userId, dryRun) {
      if (!dryRun) answers.forget(userId);
      return exposures.forget(userId, dryRun);
    },
  };
}

/** Who answered. A forced or sticky variant is nobody's answer. */
function sourceOf({ reason }: Assignment, hasWaited: boolean): AssignmentReport['source'] {
  if (reason === 'forced' || reason === 'sticky') return 'none';
  return hasWaited ? 'service' : 'cache';
}
