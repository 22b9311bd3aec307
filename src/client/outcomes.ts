import type { Outcome, OutcomeInfo, Undelivered } from '../core/outcome.js';
import { shortName } from '../core/printable.js';
import { callUser } from '../core/user-call.js';
import type { Entry } from '../protocol/event.js';
import type { ClientContext } from './context.js';

/** Tells the user how events ended. */
export interface OutcomeReporter {
  report(outcome: Outcome, info: OutcomeInfo): void;
  /** Reports an event that ended at the call, with a warning where its code must change. Returns what names the event. */
  refuse(kind: Entry['kind'], input: unknown, outcome: Undelivered): OutcomeInfo;
}

export function createOutcomeReporter({ options, randomId, warnings, observer }: ClientContext): OutcomeReporter {
  function report(outcome: Outcome, info: OutcomeInfo): void {
    observer?.settled(outcome, info);
    if (options.onOutcome !== undefined) tellUser(outcome, info);
  }

  function tellUser(outcome: Outcome, { kind, event, distinctId }: OutcomeInfo): void {
    callUser(
      () => options.onOutcome?.(outcome, { kind, event, distinctId }),
      () => warnings.throttled('onOutcome', 'onOutcome threw or rejected; the event keeps its outcome.'),
    );
  }

  return {
    report,
    refuse(kind, input, outcome) {
      const isSecret = outcome.status === 'rejected' && outcome.code === 'guarded_name';
      const read = (field: string): string | undefined => (isSecret ? undefined : readText(input, field));
      const info = { kind, event: read('event') ?? kind, distinctId: read('distinctId') ?? randomId() };
      if (outcome.status === 'rejected') {
        const which = kind === 'track' && !isSecret ? `track '${shortName(info.event)}'` : kind;
        warnings.throttledEach(`${which}: ${outcome.message} The event is not sent.`);
      } else if (outcome.reason === 'closed') {
        warnings.once('closed', `${kind} after close(): this event and later ones are dropped. Close the client last.`);
      }
      report(outcome, info);
      return info;
    },
  };
}

/** A string field of an input of any type. */
function readText(input: unknown, field: string): string | undefined {
  try {
    const value = (input as Record<string, unknown>)[field];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
