import { toSid } from '../protocol/identity.js';
import { IDENTIFY_EVENT, IMPRESSION_EVENT } from '../protocol/wire.js';
import type { Experiment } from './experiments/experiment.js';
import type { LogEntry } from './measuring/measured-log.js';
import type { CollectedEvent } from './store/event-log.js';

/**
 * Reads a collected row as the measuring rules see it.
 *
 * Each kind is a literal of its own: an object spread from a common part is several times as slow to make and to read,
 * and a log has a million of them.
 */
export function toLogEntry(row: CollectedEvent, experiments: readonly Experiment[]): LogEntry {
  const { event, time, receivedAt, distinctId, defaultProperties } = row;
  const visitors = namesOf(row);
  const sid = toSid(defaultProperties?.sid);
  const bot = defaultProperties?.is_bot === true || defaultProperties?.is_bot === 'true';
  if (event === IDENTIFY_EVENT) return { kind: 'link', time, receivedAt, visitors, sid, distinctId, bot };
  if (event !== IMPRESSION_EVENT) return { kind: 'track', time, receivedAt, visitors, sid, distinctId, bot, event };
  const { experiment, variant } = shownOf(row, experiments);
  return { kind: 'impression', time, receivedAt, visitors, sid, distinctId, bot, experiment, variant };
}

/** [A] An address or outside id among the user's properties names the visitor as well as one beside them does. */
function namesOf({ userId, externalId, email, userProperties }: CollectedEvent): [string, ...string[]] {
  const names: string[] = [];
  const add = (kind: string, name: unknown): void => {
    if (typeof name === 'string' && name !== '') names.push(`${kind}:${name}`);
  };
  add('user', userId);
  add('external', externalId);
  add('external', userProperties?.external_id);
  add('email', email?.toLowerCase());
  add('email', lowerCase(userProperties?.email));
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
