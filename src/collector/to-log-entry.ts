import { toSid } from '../protocol/identity.js';
import { IDENTIFY_EVENT, IMPRESSION_EVENT } from '../protocol/wire.js';
import type { Experiment } from './experiments/experiment.js';
import type { LogEntry } from './measuring/measured-log.js';
import type { CollectedEvent } from './store/event-log.js';

/** Reads a collected row as the measuring rules see it. */
export function toLogEntry(event: CollectedEvent, experiments: readonly Experiment[]): LogEntry {
  const { defaultProperties = {} } = event;
  const seen = {
    time: event.time,
    receivedAt: event.receivedAt,
    visitors: namesOf(event),
    sid: toSid(defaultProperties.sid),
    distinctId: event.distinctId,
    bot: defaultProperties.is_bot === true || defaultProperties.is_bot === 'true',
  };
  if (event.event === IDENTIFY_EVENT) return { ...seen, kind: 'link' };
  if (event.event === IMPRESSION_EVENT) return { ...seen, kind: 'impression', ...shownOf(event, experiments) };
  return { ...seen, kind: 'track', event: event.event };
}

/** [A] An address or outside id among the user's properties names the visitor as well as one beside them does. */
function namesOf({ userId, externalId, email, userProperties = {} }: CollectedEvent): [string, ...string[]] {
  const names = [
    ['user', userId],
    ['external', externalId],
    ['external', userProperties.external_id],
    ['email', email?.toLowerCase()],
    ['email', lowerCase(userProperties.email)],
  ].flatMap(([kind, name]) => (typeof name === 'string' && name !== '' ? `${kind}:${name}` : []));
  const [first = 'nobody', ...others] = names;
  return [first, ...others];
}

function lowerCase(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value;
}

/** The experiment's key and the variant's name, empty where an impression tells of something unknown. */
function shownOf(
  { eventProperties: properties = {} }: CollectedEvent,
  experiments: readonly Experiment[],
): { experiment: string; variant: string } {
  const experiment = experiments.find(
    ({ id, key }) => id === properties.experiment_id || key === properties.experiment_key,
  );
  const variant = experiment?.variants.find(
    ({ id, name }) => id === properties.variant_id || name === properties.variant_name,
  );
  return { experiment: experiment?.key ?? '', variant: variant?.name ?? '' };
}
