import { toSid } from '../protocol/identity.js';
import { IDENTIFY_EVENT, IMPRESSION_EVENT } from '../protocol/wire.js';
import type { Experiment, Variant } from './experiments/experiment.js';
import type { LogEntry } from './measuring/measured-log.js';
import type { CollectedEvent } from './store/event-store.js';

/** Finds an experiment by its id or key. */
export type FindExperiment = (idOrKey: string) => Experiment | undefined;

/** Reads a collected row as the measuring rules see it. */
export function toLogEntry(event: CollectedEvent, findExperiment: FindExperiment): LogEntry {
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
  if (event.event !== IMPRESSION_EVENT) return { ...seen, kind: 'track', event: event.event };
  const shown = shownOf(event, findExperiment);
  // Empty where an impression tells of something unknown: no experiment has these names.
  return { ...seen, kind: 'impression', experiment: shown?.experiment.key ?? '', variant: shown?.variant.name ?? '' };
}

/** [A] An address or outside id among the user's properties names the visitor as well as one beside them does. */
export function namesOf({
  userId,
  externalId,
  email,
  userProperties = {},
}: CollectedEvent): readonly [string, ...string[]] {
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

/** What an impression tells of; `undefined` for every other event and for what is not known here. */
export function shownOf(
  { event, eventProperties: properties = {} }: CollectedEvent,
  findExperiment: FindExperiment,
): { readonly experiment: Experiment; readonly variant: Variant } | undefined {
  if (event !== IMPRESSION_EVENT) return undefined;
  const experiment = find(findExperiment, properties.experiment_id) ?? find(findExperiment, properties.experiment_key);
  const variant = experiment?.variants.find(
    ({ id, name }) => id === properties.variant_id || name === properties.variant_name,
  );
  return experiment && variant && { experiment, variant };
}

function find(findExperiment: FindExperiment, idOrKey: string | null | undefined): Experiment | undefined {
  return idOrKey ? findExperiment(idOrKey) : undefined;
}
