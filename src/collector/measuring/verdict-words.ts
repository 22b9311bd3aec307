import type { Verdict, Warning } from './verdict.js';

/** A verdict as a person reads it. */
export interface VerdictWords {
  readonly outcome: string;
  readonly reason: string;
  /** What makes such an event count, or why it need not. */
  readonly advice: string;
}

export const VERDICT_WORDS: Readonly<Record<Verdict, VerdictWords>> = {
  time_out_of_range: {
    outcome: 'not counted',
    reason: 'older than 7 days, or in the future',
    advice: 'The service takes events of the last 7 days. Send it sooner, and check the clock of the sender.',
  },
  duplicate_id: {
    outcome: 'not counted again',
    reason: 'this distinctId was there already',
    advice: 'Right for a webhook that came twice. A new event needs a distinctId of its own, such as purchase:<order>.',
  },
  bot: {
    outcome: 'not counted',
    reason: 'a bot',
    advice: 'The sender set defaultProperties.is_bot, and bots are blocked here.',
  },
  not_allowlisted: {
    outcome: 'dropped',
    reason: 'the name is not among allowedEvents',
    advice: 'The service drops unlisted events without a word. Add the name to the allow-list, in any case.',
  },
  name_case_mismatch: {
    outcome: 'not counted',
    reason: 'the goal is spelled with other capitals',
    advice: 'A goal matches its event letter by letter. Send the name as the experiment spells it.',
  },
  not_a_goal: {
    outcome: 'kept',
    reason: 'no experiment measures it',
    advice: 'Nothing to do, unless an experiment should measure it: then name it as a primary or secondary metric.',
  },
  not_in_experiment: {
    outcome: 'not counted',
    reason: 'no impression of this visitor counts',
    advice:
      'This visitor saw no variant while the experiment ran. Check that userId is the visitor’s own (the cookie ' +
      'ours_device_id), and that identify() ties the names together.',
  },
  no_session: {
    outcome: 'not counted',
    reason: 'no session (defaultProperties.sid)',
    advice:
      'Give track() the sessionId of the visit. For a webhook, carry it through the payment’s metadata. If the request’s ' +
      'visitor.session was ended, the browser had not started its next session yet: track the goal from a later request.',
  },
  other_session: {
    outcome: 'not counted',
    reason: 'the visitor was exposed, but not in this session',
    advice: 'Only the session that saw the variant can convert. Send the sessionId the visitor had at that time.',
  },
  before_assignment: {
    outcome: 'not counted',
    reason: 'it happened before the impression',
    advice: 'The time of the event decides, not that of its arrival. Check the time it was sent with.',
  },
  after_stop: {
    outcome: 'not counted',
    reason: 'the experiment had stopped',
    advice: 'What happened before the stop still counts when it arrives late: send the time it happened.',
  },
  repeat_in_session: {
    outcome: 'not counted again',
    reason: 'this session has converted already',
    advice: 'Nothing to do: a session converts once for each metric.',
  },
  secondary_counted: {
    outcome: 'counted',
    reason: 'as a secondary metric',
    advice: 'Nothing to do, unless it should decide the experiment: then make it the primary metric.',
  },
  counted_late: {
    outcome: 'counted late',
    reason: 'more than 6 hours after the impression',
    advice: 'Nothing to do: a backend reported it after the visit, and it counts.',
  },
  counted: { outcome: 'counted', reason: 'after the impression, in the same session', advice: 'Nothing to do.' },
};

export const WARNING_WORDS: Readonly<Record<Warning, string>> = {
  id_used_by_another_source:
    'another source used this id first: right if the page reported the same purchase, otherwise give ids that cannot be guessed',
  impression_outside_runtime:
    'the experiment was not running: this impression does not count. Start it before you send visitors to it',
  impression_while_paused: 'the experiment was paused: no newcomer’s impression counts. Resume it to let them in',
  impression_session_inferred: 'recorded by a server: joined the session in which the browser was active nearest',
  impression_without_session:
    'no session within 30 minutes to join so far: call assign on pages where the browser SDK runs as well',
  session_saw_multiple_variants:
    'this session saw another variant before, which stays: show the variant that assign returns on every page',
  visitor_saw_multiple_variants:
    'this visitor saw another variant in another session: were the weights changed, or two devices tied together?',
};
