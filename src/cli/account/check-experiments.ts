import { nearestName } from '../../core/nearest-name.js';
import type { Check } from '../doctor/check.js';
import type { Experiment } from './api-schemas.js';
import type { Program } from './program.js';

/** Whether each experiment that the program asks for runs, has its variants, and is measured by what the program sends. */
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
      return { check, level: 'ok', message: 'runs.' };
    case 'draft':
      return { check, level: 'error', message: 'is a draft, and assigns nobody: start it.' };
    case 'paused':
      return { check, level: 'warning', message: 'is paused: it assigns no new visitors.' };
    case 'completed': {
      const shown = variants.find(({ id }) => id === rolloutVariantId)?.name ?? rolloutVariantId;
      return shown
        ? { check, level: 'warning', message: `is completed, and everyone gets ${shown}: the code can do so itself.` }
        : { check, level: 'error', message: 'is completed, and assigns nobody: remove it from the code.' };
    }
    default:
      return { check, level: 'warning', message: `has the status ${status}, which this version does not know.` };
  }
}

function checkVariants(check: string, known: readonly string[], { variants }: Experiment): Check[] {
  if (known.length === 0) return [];
  const names = variants.map(({ name }) => name);
  const missing = names.filter((name) => !known.includes(name));
  const gone = known.filter((name) => !names.includes(name));
  const problems = [
    ...(missing.length > 0 ? [`the code does not know its ${inWords(missing)}`] : []),
    ...(gone.length > 0 ? [`it has no ${inWords(gone)}`] : []),
  ];
  if (problems.length === 0) return [];
  return [{ check, level: 'error', message: `${problems.join(', and ')}: run ours-ingest pull.` }];
}

function inWords(names: readonly string[]): string {
  return `${names.length === 1 ? 'variant' : 'variants'} ${names.join(', ')}`;
}

/** A conversion is counted when a metric's event is sent, spelled as the metric has it. */
function checkMetrics(check: string, events: readonly string[], { metrics }: Experiment): Check[] {
  if (events.length === 0) return [];
  const all = [metrics?.primary, ...(metrics?.secondary ?? [])];
  const names = all.flatMap((metric) => metric?.eventName ?? []);
  if (names.some((name) => events.includes(name))) return [];
  if (all.some((metric) => metric?.funnelId)) {
    return [
      { check, level: 'warning', message: 'is measured by a funnel: whether the code sends its events is not known.' },
    ];
  }
  if (names.length === 0) return [{ check, level: 'error', message: 'has no metric: nothing is counted.' }];
  for (const name of names) {
    const sent = events.find((event) => event.toLowerCase() === name.toLowerCase()) ?? nearestName(name, events);
    if (sent !== undefined) {
      const message = `is measured by ${name}, and the code sends ${sent}: no conversion is counted. Spell them alike.`;
      return [{ check, level: 'error', message }];
    }
  }
  const message = `is measured by ${names.join(', ')}, of which the code sends none: none of its conversions come from here.`;
  return [{ check, level: 'error', message }];
}
