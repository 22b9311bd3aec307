import { type DropReason, type Outcome, type RejectionCode, reasonOf, type UnknownReason } from '../core/outcome.js';

/** An outcome in words. */
interface OutcomeWords {
  readonly meaning: string;
  readonly advice: string;
}

const FIX = 'Fix the code that sends it: the service will always reject this event.';

const OUTCOME_WORDS: Readonly<Record<RejectionCode | DropReason | UnknownReason, OutcomeWords>> = {
  guarded: {
    meaning: 'the guard found something that must not be sent',
    advice: 'Fix the code that sends it: the message names the field. To send the rest, set found of createGuard.',
  },
  guarded_name: { meaning: 'the name or the id of the event looks personal', advice: FIX },
  invalid_name: { meaning: 'the event name is missing or invalid', advice: FIX },
  reserved_name: { meaning: 'the name starts with $, which is reserved for the service', advice: FIX },
  unknown_event: {
    meaning: 'the name is not in the client’s events',
    advice: 'Add it to events, or correct the name.',
  },
  no_identity: { meaning: 'it names no person', advice: 'Set a userId, an externalId or an email.' },
  invalid_field: { meaning: 'a field has an invalid value', advice: FIX },
  unknown_field: { meaning: 'it has an unknown field', advice: 'Use the name that the message suggests.' },
  invalid_properties: { meaning: 'its properties do not match the event’s schema', advice: FIX },
  invalid_time: {
    meaning: 'its time is invalid, in the future, or more than 7 days ago',
    advice: 'The service accepts the last 7 days. Send it sooner, and check the sender’s clock.',
  },
  event_too_large: {
    meaning: 'it is larger than a request may be',
    advice: 'Remove or shorten properties: the service will always reject this event.',
  },
  unreadable: {
    meaning: 'its data could not be read, at the call or in the outbox',
    advice: 'If the outbox damaged it, check the disk, track the event again from its source, then discard this one.',
  },
  before_send_failed: { meaning: 'beforeSend threw', advice: 'Fix beforeSend, then track the event again.' },
  invalid_event: {
    meaning: 'the service rejected this event as invalid',
    advice:
      'The message says why. Correct it and track it again, then discard this one, which the service will always reject.',
  },
  http_error: {
    meaning: 'the service rejected the whole request',
    advice: 'The message says why. Replay it when the cause is fixed.',
  },
  queue_full: {
    meaning: 'the outbox was full',
    advice: 'Check that a relay is running and the service answers, or raise the limits.',
  },
  too_old: {
    meaning: 'it is older than the 7 days that the service accepts',
    advice:
      'It can no longer be delivered, and a replay fails again. If it waited, find out why no relay was running. If its time was old already, send such events sooner. Then discard it.',
  },
  retries_exhausted: {
    meaning: 'it failed repeatedly while others were accepted',
    advice:
      'If something in front of the service blocks it, allow it there. Replay it. If it fails again, ask the service’s support about its distinctId.',
  },
  outbox_failed: {
    meaning: 'the outbox could not store it',
    advice: 'Check the disk, the database and their permissions, then track it again.',
  },
  forgotten: { meaning: 'forget removed it', advice: 'Nothing to do: its person asked to be erased.' },
  before_send: { meaning: 'beforeSend dropped it', advice: 'Nothing to do if that was intended.' },
  disabled: {
    meaning: 'the client is disabled',
    advice: 'OURS_DISABLED or the option disabled is set. Check that this is intended.',
  },
  closed: { meaning: 'the client was already closed', advice: 'Track it before close().' },
  not_confirmed: {
    meaning: 'the outbox did not confirm that it stored the event, but it may have',
    advice: 'Track it again with the same distinctId: it counts once.',
  },
  unanswered: {
    meaning: 'the queue was full after the event was sent, and it is unknown whether the service received it',
    advice: 'Raise maxQueueSize or maxQueueBytes, and track it again with the same distinctId: it counts once.',
  },
  store_lost: {
    meaning: 'the outbox lost its contents, including the event',
    advice: 'Track it again with the same distinctId: it counts once.',
  },
};

/** `rejected invalid_event`, `dropped too_old`, `delivered` */
export function labelOf(outcome: Outcome): string {
  return `${outcome.status} ${reasonOf(outcome)}`.trimEnd();
}

/** What an outcome means and what to do; `undefined` for outcomes of a later version. */
export function outcomeWords(outcome: Outcome): OutcomeWords | undefined {
  const reason = reasonOf(outcome);
  return reason !== '' && Object.hasOwn(OUTCOME_WORDS, reason) ? OUTCOME_WORDS[reason] : undefined;
}
