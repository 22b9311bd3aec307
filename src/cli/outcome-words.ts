import type { DropReason, Outcome, RejectionCode, UnknownReason } from '../core/outcome.js';

/** An outcome as a person reads it. */
interface OutcomeWords {
  readonly meaning: string;
  readonly advice: string;
}

const MEND = 'Mend what sends it: as it is, it is refused each time.';
const UP_TO_YOU = 'Nothing has to be done if that was meant.';

const OUTCOME_WORDS: Readonly<Record<RejectionCode | DropReason | UnknownReason, OutcomeWords>> = {
  invalid_name: { meaning: 'the event has no name that can be sent', advice: MEND },
  reserved_name: { meaning: 'the name starts with $, as only the service’s own do', advice: MEND },
  unknown_event: { meaning: 'the name is not among the client’s events', advice: 'Add it to them, or mend the name.' },
  no_identity: { meaning: 'it says not whose it is', advice: 'Give it a userId, an externalId or an email.' },
  invalid_field: { meaning: 'a field has a value it cannot have', advice: MEND },
  unknown_field: { meaning: 'it has a field that nothing reads', advice: 'Use the name that the message suggests.' },
  invalid_properties: { meaning: 'its properties do not fit the event’s schema', advice: MEND },
  invalid_time: {
    meaning: 'its time is no time, in the future, or more than 7 days past',
    advice: 'The service takes the last 7 days. Send it sooner, and look at the sender’s clock.',
  },
  event_too_large: {
    meaning: 'it is larger than a request may be',
    advice: 'Leave properties out, or cut them: as it is, it is refused each time.',
  },
  unreadable: {
    meaning: 'its data could not be read, at the call or in the outbox',
    advice: 'In the outbox it was damaged: look at the disk, track it again from its source, then discard it.',
  },
  before_send_failed: { meaning: 'beforeSend threw', advice: 'Mend beforeSend, then track it again.' },
  invalid_event: {
    meaning: 'the service found something wrong with this event',
    advice: 'The message says what. As it is, it is refused each time: track it again, mended, then discard it.',
  },
  http_error: {
    meaning: 'the service refused the whole request with it',
    advice: 'The message says why. Once the cause is gone, replay it.',
  },
  queue_full: {
    meaning: 'the outbox was full',
    advice: 'Look whether a relay runs and the service answers, or raise the limits.',
  },
  too_old: {
    meaning: 'it waited until it was older than the 7 days that the service takes',
    advice:
      'Nothing delivers it any more: a replay ends here again. Look why no relay ran for so long, then discard it.',
  },
  retries_exhausted: {
    meaning: 'the service failed on this event again and again while it took others',
    advice: 'Replay it. If it comes back, ask the service’s support about it by its distinctId.',
  },
  outbox_failed: {
    meaning: 'the outbox could not store it',
    advice: 'Look at the disk, the database and the rights on them, then track it again.',
  },
  before_send: { meaning: 'beforeSend took it out', advice: UP_TO_YOU },
  disabled: { meaning: 'the client is disabled', advice: 'OURS_DISABLED or the option disabled is set. Is it meant?' },
  closed: { meaning: 'the client had been closed before', advice: 'Track before close(), then track it again.' },
  not_confirmed: {
    meaning: 'the outbox did not confirm that it stored the event, and it may have',
    advice: 'Track it again with the same distinctId: it counts once.',
  },
  unanswered: {
    meaning: 'the queue was full after the event had been sent, and no answer said whether the service has it',
    advice: 'Raise maxQueueSize or maxQueueBytes, and track it again with the same distinctId: it counts once.',
  },
  store_lost: {
    meaning: 'the outbox lost its contents while it held the event',
    advice: 'Track it again with the same distinctId: it counts once.',
  },
};

/** Why an event ended, in one word; `''` for one that was delivered. */
export function reasonOf(outcome: Outcome): RejectionCode | DropReason | UnknownReason | '' {
  if (outcome.status === 'delivered') return '';
  return outcome.status === 'rejected' ? outcome.code : outcome.reason;
}

/** `rejected invalid_event`, `dropped too_old`, `delivered` */
export function labelOf(outcome: Outcome): string {
  return `${outcome.status} ${reasonOf(outcome)}`.trimEnd();
}

/** What an outcome means and what to do about it. `undefined` for one that only a later version knows. */
export function inWords(outcome: Outcome): OutcomeWords | undefined {
  const reason = reasonOf(outcome);
  return reason !== '' && Object.hasOwn(OUTCOME_WORDS, reason) ? OUTCOME_WORDS[reason] : undefined;
}
