import type { Assignment } from '../assignment/assignment.js';
import type { ClientCatalog, ExperimentCatalog } from '../assignment/experiment-catalog.js';
import { buildClient } from '../client/client.js';
import { createVisitor } from '../client/create-visitor.js';
import type { ClientOptions, Guard, OutgoingEvent } from '../client/options.js';
import type { Enlisted } from '../client/transaction.js';
import type { Client } from '../client/types.js';
import { checkOptionNames } from '../core/check-option.js';
import { fieldNames } from '../core/unknown-names.js';
import type { EventCatalog, EventName, EventProperties } from '../protocol/catalog.js';
import type { IdentifyInput, TrackFields, TrackInput } from '../protocol/event.js';
import { webPlatform } from '../runtime/platform-web.js';
import type { Receipt } from '../tracking/receipt.js';
import { createService, type ServiceOptions } from './service.js';
import { snapshot } from './snapshot.js';

/** An event the client accepted, with the values that the caller's objects had at the call. */
export type RecordedEvent<Catalog extends EventCatalog = EventCatalog> = {
  [Name in EventName<Catalog>]: TrackFields & {
    readonly event: Name;
    readonly eventProperties?: EventProperties<Catalog, Name> | undefined;
    /** Yours, or a generated UUIDv7. */
    readonly distinctId: string;
  };
}[EventName<Catalog>];

/** The input of an `identify` call, with the values that it had then. */
export type RecordedIdentify = IdentifyInput;

/** An `assign` call and its result. */
export interface RecordedAssignment {
  readonly experimentKey: string;
  readonly userId: string | undefined;
  readonly assignment: Assignment;
}

export interface RecordingOptions<
  Catalog extends EventCatalog = EventCatalog,
  Experiments extends ExperimentCatalog = ExperimentCatalog,
> extends Pick<
      ClientOptions<Catalog, Experiments>,
      'events' | 'experiments' | 'beforeSend' | 'guard' | 'onOutcome' | 'logger'
    >,
    ServiceOptions {
  /** The current time in milliseconds since the epoch, for checking the times of events. @default Date.now */
  readonly now?: (() => number) | undefined;
}

/**
 * A client that sends nothing and records what it accepts. It rejects the same events as the real client: it logs a warning,
 * does not record the event, and the receipt says why.
 */
export interface RecordingClient<Catalog extends EventCatalog = EventCatalog> extends Client<Catalog> {
  /** Events in call order, recorded before `track` returns. An event with a repeated `distinctId` is recorded again. */
  readonly events: readonly RecordedEvent<Catalog>[];
  readonly identifies: readonly RecordedIdentify[];
  readonly assignments: readonly RecordedAssignment[];
  /** Removes everything recorded so far. */
  clear(): void;
}

const OPTIONS = fieldNames<RecordingOptions>({
  events: 1,
  experiments: 1,
  beforeSend: 1,
  guard: 1,
  onOutcome: 1,
  logger: 1,
  variant: 1,
  refuse: 1,
  now: 1,
});

/**
 * Creates a client for unit tests. It reads no environment variables and opens no sockets; `receipt.settled()` resolves at once.
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
  const { variant, refuse, now = Date.now, events: catalog, experiments, logger } = options;
  const { beforeSend, guard, onOutcome } = options;
  const events: RecordedEvent<Catalog>[] = [];
  const identifies: RecordedIdentify[] = [];
  const assignments: RecordedAssignment[] = [];

  /** The event of the current call; `null` once the call has rejected it. */
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
      guard: guard && guarded(guard),
      onOutcome(outcome, info) {
        outgoing = null;
        // Returned so that the client handles the rejection of an async callback.
        return onOutcome?.(outcome, info);
      },
    },
    { ...webPlatform, now, random: () => 0, env: {}, createPost: () => createService({ variant, refuse }) },
  );

  /** What the guard leaves of an event is what would be sent. */
  function guarded(guard: Guard): Guard {
    return (event) => {
      const answer = guard(event);
      if (!('refused' in answer)) outgoing = answer;
      return answer;
    };
  }

  function taken(call: () => Receipt, record: (event: OutgoingEvent, distinctId: string) => void): Receipt {
    // A callback, such as onOutcome, may track another event within the call.
    const outer = outgoing;
    outgoing = null;
    const receipt = call();
    // As the real client, which serialises an event at the call: what the caller changes later is not part of it.
    if (outgoing !== null) record(snapshot<OutgoingEvent>(outgoing), receipt.distinctId);
    outgoing = outer;
    return receipt;
  }

  async function enlisted(receipt: Receipt): Promise<Enlisted> {
    const { distinctId } = receipt;
    const outcome = await receipt.settled();
    // The service would reject it only after the commit.
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
      // Without types it may be missing, which the client answers with the fallback.
      assignments.push({ experimentKey, userId: asked?.userId, assignment });
      return assignment;
    },
    // The client does not see whether the transaction commits.
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
