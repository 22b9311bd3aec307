import { nearestName } from '../../core/nearest-name.js';
import type { Check } from '../doctor/check.js';
import type { AllowedEvents, Experiment } from './api-schemas.js';
import type { Program } from './program.js';

/** Checks that the account allows each event of the program, and forwards it. */
export function checkEvents(events: readonly string[], { listed, allowsEveryName }: AllowedEvents): Check[] {
  const names = listed.map(({ name }) => name);
  const checks = events.map((event): Check => {
    const check = `event ${event}`;
    const found =
      listed.find(({ name }) => name === event) ??
      listed.find(({ name }) => name.toLowerCase() === event.toLowerCase());
    if (found?.name !== event && allowsEveryName) {
      const message =
        'cannot be checked: this collector accepts every name, and the service only allowed ones. Start it with allowedEvents.';
      return { check, level: 'warning', message };
    }
    if (found === undefined) {
      const nearest = nearestName(event, names);
      const advice = nearest === undefined ? 'add it to the allowed events.' : `did you mean ${nearest}?`;
      return { check, level: 'error', message: `is not allowed, so the service drops it: ${advice}` };
    }
    if (found.name !== event) {
      return {
        check,
        level: 'error',
        message: `is allowed as ${found.name}: a metric with that spelling does not count ${event}. Send ${found.name}.`,
      };
    }
    if (found.destinationIds.length === 0) {
      const message = 'is allowed but has no destination: only experiments see it.';
      return { check, level: 'warning', message };
    }
    return { check, level: 'ok', message: `is allowed, with ${destinations(found.destinationIds.length)}.` };
  });
  return checks.length > 0
    ? checks
    : [{ check: 'events', level: 'warning', message: 'none were named, so there is nothing to check.' }];
}

function destinations(count: number): string {
  return count === 1 ? '1 destination' : `${count} destinations`;
}

/** Checks that each experiment of the program is running, has the same variants, and is measured by the program's events. */
export function checkExperiments({ events, experiments: asked }: Program, experiments: readonly Experiment[]): Check[] {
  return [...asked].flatMap(([key, variants]) => {
    const check = `experiment ${key}`;
    const found = experiments.find((experiment) => experiment.key === key);
    if (found === undefined) {
      const keys = experiments.map((experiment) => experiment.key);
      const nearest = nearestName(key, keys);
      const advice = nearest === undefined ? 'create it, or remove it from the code.' : `did you mean ${nearest}?`;
      return [{ check, level: 'error', message: `does not exist: ${advice}` } satisfies Check];
    }
    return [checkState(check, found), ...checkVariants(check, variants, found), ...checkMetrics(check, events, found)];
  });
}

function checkState(check: string, { status, rolloutVariantId, variants }: Experiment): Check {
  switch (status) {
    case 'running':
      return { check, level: 'ok', message: 'is running.' };
    case 'draft':
      return { check, level: 'error', message: 'is a draft and assigns no visitors: start it.' };
    case 'paused':
      return { check, level: 'warning', message: 'is paused: it assigns no new visitors.' };
    case 'completed': {
      const shown = variants.find(({ id }) => id === rolloutVariantId)?.name ?? rolloutVariantId;
      return shown
        ? {
            check,
            level: 'warning',
            message: `is completed, and everyone gets ${shown}: make it the default in your code.`,
          }
        : { check, level: 'error', message: 'is completed and assigns no visitors: remove it from the code.' };
    }
    default:
      return { check, level: 'warning', message: `has the unknown status ${status}.` };
  }
}

function checkVariants(check: string, known: readonly string[], { variants }: Experiment): Check[] {
  if (known.length === 0) return [];
  const names = variants.map(({ name }) => name);
  const missing = names.filter((name) => !known.includes(name));
  const gone = known.filter((name) => !names.includes(name));
  const problems = [
    ...(missing.length > 0 ? [`the code lacks its ${inWords(missing)}`] : []),
    ...(gone.length > 0 ? [`it has no ${inWords(gone)}`] : []),
  ];
  if (problems.length === 0) return [];
  return [{ check, level: 'error', message: `${problems.join(', and ')}: run ours-ingest pull.` }];
}

function inWords(names: readonly string[]): string {
  return `${names.length === 1 ? 'variant' : 'variants'} ${names.join(', ')}`;
}

/** A conversion counts only if the event is spelled exactly like the metric. */
function checkMetrics(check: string, events: readonly string[], { metrics }: Experiment): Check[] {
  if (events.length === 0) return [];
  const all = [metrics?.primary, ...(metrics?.secondary ?? [])];
  const names = all.flatMap((metric) => metric?.eventName ?? []);
  const unsent = names.filter((name) => !events.includes(name));
  const error = (message: string): Check => ({ check, level: 'error', message: `is measured by ${message}` });
  const misspelt = (name: string, sent: string): Check =>
    error(`${name}, but the code sends ${sent}: no conversion counts. Use the same spelling.`);
  const inOtherCase = unsent.flatMap((name) => {
    const sent = events.find((event) => event.toLowerCase() === name.toLowerCase());
    return sent === undefined ? [] : [misspelt(name, sent)];
  });
  // Other metrics may be another program's events.
  if (inOtherCase.length > 0 || unsent.length < names.length) return inOtherCase;
  if (all.some((metric) => metric?.funnelId)) {
    return [{ check, level: 'warning', message: 'is measured by a funnel, whose events cannot be checked.' }];
  }
  if (names.length === 0) return [{ check, level: 'error', message: 'has no metric, so nothing counts.' }];
  for (const name of names) {
    const nearest = nearestName(name, events);
    if (nearest !== undefined) return [misspelt(name, nearest)];
  }
  return [error(`${names.join(', ')}, and the code sends none of these: it reports no conversions.`)];
}
