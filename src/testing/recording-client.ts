import type { Assignment } from '../assignment/assignment.js';
import type { ClientCatalog, ExperimentCatalog } from '../assignment/experiment-catalog.js';
import { buildClient } from '../client/client.js';
import { createVisitor } from '../client/create-visitor.js';
import type { ClientOptions, OutgoingEvent } from '../client/options.js';
import type { Enlisted } from '../client/transaction.js';
import type { Client } from '../client/types.js';
import { checkOptionNames } from '../core/check-option.js';
import type { OutcomeInfo } from '../core/outcome.js';
import { fieldNames } from '../core/unknown-names.js';
import type { EventCatalog, EventName, EventProperties } from '../protocol/catalog.js';
import type { IdentifyInput, TrackFields, TrackInput } from '../protocol/event.js';
import { webPlatform } from '../runtime/platform-web.js';
import type { Receipt } from '../tracking/receipt.js';
import { createService } from './service.js';

/** An event that was taken, in the caller's own values and not in the text the service keeps. */
export type RecordedEvent<Catalog extends EventCatalog = EventCatalog> = {
  [Name in EventName<Catalog>]: TrackFields & {
    readonly event: Name;
    readonly eventProperties?: EventProperties<Catalog, Name> | undefined;
    /** Given or made up. */
    readonly distinctId: string;
  };
}[EventName<Catalog>];

/** A person as `identify` was given them. */
export type RecordedIdentify = IdentifyInput;

/** A question for a variant and its answer. */
export interface RecordedAssignment {
  readonly experimentKey: string;
  readonly userId: string | undefined;
  readonly assignment: Assignment;
}

export interface RecordingOptions<
  Catalog extends EventCatalog = EventCatalog,
  Experiments extends ExperimentCatalog = ExperimentCatalog,
> extends Pick<ClientOptions<Catalog, Experiments>, 'events' | 'experiments' | 'beforeSend' | 'onOutcome' | 'logger'> {
  /**
   * The name of the visitor's variant, or `undefined` for a visitor who is not in the experiment. What it throws is an outage:
   * the assignment is the fallback. A visitor's answer is kept for a minute, as the client does.
   * @default nobody is in any experiment
   */
  readonly variant?: ((experimentKey: string, userId: string) => string | undefined) | undefined;
  /** Why the service refuses an event; `undefined` takes it. @default it takes every event */
  readonly refuse?: ((event: Pick<OutcomeInfo, 'event' | 'distinctId'>) => string | undefined) | undefined;
  /** Milliseconds since the epoch, which the times of events are held against. @default Date.now */
  readonly now?: (() => number) | undefined;
}

/**
 * A client that goes nowhere and remembers what it took. What it would refuse it refuses as the real one does: it is warned
 * of, it is not among the events, and its receipt says why.
 */
export interface RecordingClient<Catalog extends EventCatalog = EventCatalog> extends Client<Catalog> {
  /** Events in the order of their calls, as soon as `track` returns. One whose `distinctId` was there before is there twice. */
  readonly events: readonly RecordedEvent<Catalog>[];
  readonly identifies: readonly RecordedIdentify[];
  readonly assignments: readonly RecordedAssignment[];
  /** Forgets what it has recorded. */
  clear(): void;
}

const OPTIONS = fieldNames<RecordingOptions>({
  events: 1,
  experiments: 1,
  beforeSend: 1,
  onOutcome: 1,
  logger: 1,
  variant: 1,
  refuse: 1,
  now: 1,
});

/**
 * Makes a client for unit tests. It reads no environment variables and opens no sockets; `receipt.settled()` resolves at once.
 *
 * @example
 * const ours = createRecordingClient({ events, variant: () => 'one_page' });
 * await checkout(ours, order);
 * expect(ours.events).toMatchObject([{ event: 'purchase', eventProperties: { value: 49.9 } }]);
 */
export function createRecordingClient<
  Events extends EventCatalog = EventCatalog,
  const Experiments extends ExperimentCatalog = ExperimentCatalog,
>(options: RecordingOptions<Events, Experiments> = {}): RecordingClient<ClientCatalog<Events, Experiments>> {
  checkOptionNames('createRecordingClient', options, OPTIONS);
  type Catalog = ClientCatalog<Events, Experiments>;
  const { variant, refuse, now = Date.now, beforeSend, onOutcome, events: catalog, experiments, logger } = options;
  const events: RecordedEvent<Catalog>[] = [];
  const identifies: RecordedIdentify[] = [];
  const assignments: RecordedAssignment[] = [];

  /** What the call under way sends; gone as soon as the call finds that it cannot be sent. */
  let outgoing: OutgoingEvent | null = null;
  const client = buildClient<Events, Experiments>(
    {
      token: 'recording',
      experimentToken: 'exp_recording',
      events: catalog,
      experiments,
      logger,
      flushIntervalMs: 0,
      beforeSend(event) {
        outgoing = beforeSend === undefined ? event : beforeSend(event);
        return outgoing;
      },
      onOutcome(outcome, info) {
        outgoing = null;
        // Returned, so that the client handles the rejection of an asynchronous one.
        return onOutcome?.(outcome, info);
      },
    },
    { ...webPlatform, now, random: () => 0, env: {}, createPost: () => createService({ variant, refuse }) },
  );

  function taken(call: () => Receipt, record: (event: OutgoingEvent, distinctId: string) => void): Receipt {
    outgoing = null;
    const receipt = call();
    if (outgoing !== null) record(outgoing, receipt.distinctId);
    return receipt;
  }

  async function enlisted(receipt: Receipt): Promise<Enlisted> {
    const { distinctId } = receipt;
    const outcome = await receipt.settled();
    // What the service refuses it refuses after the commit.
    const isRefusedLater = outcome.status === 'rejected' && outcome.code === 'invalid_event';
    if (outcome.status === 'delivered' || outcome.status === 'unknown' || isRefusedLater)
      return { status: 'appended', distinctId };
    return { ...outcome, distinctId };
  }

  const recording: RecordingClient<Catalog> = {
    ...client,
    events,
    identifies,
    assignments,
    track: (input: TrackInput<Catalog>) =>
      taken(
        () => client.track(input),
        (event, distinctId) => events.push({ ...event, distinctId } as RecordedEvent<Catalog>),
      ),
    identify: (input) =>
      taken(
        () => client.identify(input),
        ({ event: _, ...person }) => identifies.push(person),
      ),
    async assign(experimentKey, asked) {
      const assignment = await client.assign(experimentKey, asked);
      assignments.push({ experimentKey, userId: asked.userId, assignment });
      return assignment;
    },
    // Whether the transaction commits is between the test and its database.
    within: () => ({
      track: (input) => enlisted(recording.track(input)),
      identify: (input) => enlisted(recording.identify(input)),
    }),
    visitor: (input) => createVisitor(recording, input),
    clear() {
      for (const list of [events, identifies, assignments]) list.length = 0;
    },
  };
  return Object.freeze(recording);
}
