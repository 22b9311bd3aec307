import type { Verdict, Warning } from './verdict.js';

/** A verdict in words. */
export interface VerdictWords {
  readonly outcome: string;
  readonly reason: string;
  /** How to make such an event count, or why it does not have to. */
  readonly advice: string;
}

export const VERDICT_WORDS: Readonly<Record<Verdict, VerdictWords>> = {
  time_out_of_range: {
    outcome: 'not counted',
    reason: 'older than 7 days, or in the future',
    advice: 'The service accepts events of the last 7 days. Send it sooner, and check the sender’s clock.',
  },
  duplicate_id: {
    outcome: 'not counted again',
    reason: 'this distinctId was already used',
    advice: 'Expected for a repeated webhook. A new event needs a new distinctId, such as purchase:<order>.',
  },
  bot: {
    outcome: 'not counted',
    reason: 'a bot',
    advice: 'The sender set defaultProperties.is_bot, and bots are blocked here.',
  },
  not_allowlisted: {
    outcome: 'dropped',
    reason: 'the name is not in allowedEvents',
    advice:
      'The service silently drops unlisted events. Add the name to the allow-list; case does not matter. Then the same event, with ' +
      'the same distinctId, can be sent again.',
  },
  name_case_mismatch: {
    outcome: 'not counted',
    reason: 'the goal is spelled with different capitals',
    advice: 'The name of a goal is case-sensitive. Send it as the experiment spells it.',
  },
  not_a_goal: {
    outcome: 'stored',
    reason: 'no experiment measures it',
    advice: 'Nothing to do, unless an experiment should measure it: then make it a primary or secondary metric.',
  },
  not_in_experiment: {
    outcome: 'not counted',
    reason: 'the visitor has no counted impression',
    advice:
      'This visitor saw no variant while the experiment was running. Check that userId is the visitor’s id (the cookie ' +
      'ours_device_id), that identify() links the visitor’s names, and that the url of assign() is the page’s and matches a URL of ' +
      'the experiment. After “Clear events”, or when a collector in memory was ' +
      'restarted, a running application remembers the exposure and does not send it again: start a new session, restart the ' +
      'application, or keep the log with --data.',
  },
  no_session: {
    outcome: 'not counted',
    reason: 'no session (defaultProperties.sid)',
    advice:
      'Pass the sessionId of the visit to track(). For a webhook, store it in the payment’s metadata. If the request’s ' +
      'visitor.session had ended, the browser had not started its next session yet: track the goal from a later request.',
  },
  other_session: {
    outcome: 'not counted',
    reason: 'the visitor was exposed, but not in this session',
    advice: 'Only a session that saw the variant can convert. Send the sessionId that the visitor had at that time.',
  },
  before_assignment: {
    outcome: 'not counted',
    reason: 'it happened before the impression',
    advice: 'The time of the event decides, not the time of its arrival. Check the event’s time.',
  },
  after_stop: {
    outcome: 'not counted',
    reason: 'the experiment had stopped',
    advice: 'Events from before the stop still count when they arrive late: send the time when it happened.',
  },
  repeat_in_session: {
    outcome: 'not counted again',
    reason: 'this session has already converted',
    advice: 'Nothing to do: a session converts once per metric.',
  },
  secondary_counted: {
    outcome: 'counted',
    reason: 'as a secondary metric',
    advice: 'Nothing to do, unless it should be the goal: then make it the primary metric.',
  },
  counted_late: {
    outcome: 'counted late',
    reason: 'more than 6 hours after the impression',
    advice: 'Nothing to do: a backend reported it after the visit, which counts.',
  },
  counted: { outcome: 'counted', reason: 'after the impression, in the same session', advice: 'Nothing to do.' },
};

const REPEAT_OF_ANOTHER =
  'The first event with a distinctId counts, with its visitor and session. If they are the wrong ones, report the purchase with the ' +
  'visitor and session that the payment carries (openVisitor), on the page as well, or from the webhook alone. Another purchase ' +
  'needs another distinctId.';

/** The words of a verdict, with the advice that the warnings of the event call for. */
export function verdictWords(verdict: Verdict, warnings: readonly Warning[]): VerdictWords {
  const isOfAnother =
    warnings.includes('id_used_for_another_visitor') || warnings.includes('id_used_in_another_session');
  return isOfAnother ? { ...VERDICT_WORDS[verdict], advice: REPEAT_OF_ANOTHER } : VERDICT_WORDS[verdict];
}

export const WARNING_WORDS: Readonly<Record<Warning, string>> = {
  id_used_by_another_source:
    'another source used this id first: expected if the page reported the same purchase, otherwise use ids that cannot be guessed',
  id_used_for_another_visitor: 'the first event with this id names another visitor, and counts for that visitor alone',
  id_used_in_another_session: 'the first event with this id names another session, and counts in that session alone',
  impression_outside_runtime:
    'the experiment was not running, so this impression does not count: start it before you send visitors to it',
  impression_while_paused:
    'the experiment was paused, so impressions of new visitors do not count: resume it to include them',
  impression_session_inferred: 'recorded by a server: joined the session with the nearest browser activity',
  impression_without_session:
    'no session within 30 minutes to join so far: call assign on pages that also run the browser SDK',
  session_saw_multiple_variants:
    'this session first saw another variant, which is kept: show the variant that assign returns on every page',
  visitor_saw_multiple_variants:
    'this visitor saw another variant in another session: the weights changed, or two devices were linked',
};
