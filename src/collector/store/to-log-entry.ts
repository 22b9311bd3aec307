import { toSid } from '../../protocol/identity.js';
import { type NamedRow, personNames } from '../../protocol/person-names.js';
import { IDENTIFY_EVENT, IMPRESSION_EVENT } from '../../protocol/wire.js';
import type { Experiment, Variant } from '../experiments/experiment.js';
import type { LogEntry } from '../measuring/measured-log.js';
import type { CollectedEvent } from './collected-event.js';
import { toStoredText } from './stored-text.js';

/** Finds an experiment by id or key. */
export type FindExperiment = (idOrKey: string) => Experiment | undefined;

/**
 * Converts a collected row to an entry of the measuring rules.
 *
 * Each kind is its own object literal. Spreading a common part is several times slower, and a log has a million entries.
 */
export function toLogEntry(row: CollectedEvent, findExperiment: FindExperiment): LogEntry {
  const { event, time, receivedAt, distinctId, defaultProperties, byBrowser } = row;
  const source = byBrowser === true ? 'browser' : 'server';
  const [first = 'nobody', ...others] = storedNames(row);
  const visitors: [string, ...string[]] = [first, ...others];
  const sent = toSid(defaultProperties?.sid);
  const sid = sent && toStoredText(sent);
  const bot = defaultProperties?.is_bot === true || defaultProperties?.is_bot === 'true';
  if (event === IDENTIFY_EVENT) return { kind: 'link', time, receivedAt, visitors, sid, distinctId, bot, source };
  if (event !== IMPRESSION_EVENT)
    return { kind: 'track', time, receivedAt, visitors, sid, distinctId, bot, source, event };
  const shown = shownOf(row, findExperiment);
  // Empty for an impression of something unknown: no experiment has an empty key.
  const experiment = shown?.experiment.key ?? '';
  const variant = shown?.variant.name ?? '';
  return { kind: 'impression', time, receivedAt, visitors, sid, distinctId, bot, source, experiment, variant };
}

/** The names of a visitor, as the database keeps them. */
export function storedNames(row: NamedRow): string[] {
  return personNames(row).map(toStoredText);
}

/** The experiment and variant of an impression; `undefined` for any other event, and for unknown experiments or variants. */
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
