import { z } from 'zod';
import { hasEnoughData } from '../../collector/measuring/bayes.js';
import type { Experiment } from '../account/api-schemas.js';
import type { ExperimentsApi } from '../account/experiments-api.js';
import { shown } from './mask.js';
import { type Tool, tool } from './tool.js';

const name = z.string().min(1).max(100);
const experiment = z.string().min(1).describe('Its key, or its id');

/** The tools for experiments, of an account or of a collector. */
export function experimentTools(api: ExperimentsApi): Tool[] {
  return [...readingTools(api), ...writingTools(api)];
}

function readingTools(api: ExperimentsApi): Tool[] {
  return [
    tool({
      name: 'list_experiments',
      title: 'Experiments',
      description: 'Every experiment with its status, its goal (the event that counts) and its variants.',
      input: z.object({}),
      isWriting: false,
      run: async () => ({ experiments: (await api.list()).map(describe) }),
    }),
    tool({
      name: 'experiment_results',
      title: 'Results of an experiment',
      description:
        'Impressions, conversions and probability to be best for each variant, by the goal or by another event.',
      input: z.object({
        experiment,
        eventName: z.string().min(1).optional().describe('Another event, as if it were the goal'),
      }),
      isWriting: false,
      async run({ experiment: key, eventName }) {
        const found = await api.find(key);
        const variants = await api.results(found.id, eventName);
        const isEnough = variants.length > 1 && hasEnoughData(variants);
        return {
          ...describe(found),
          countedEvent: eventName ?? found.metrics?.primary?.eventName ?? null,
          results: variants,
          note: isEnough ? 'There is enough data to compare the variants.' : NOT_ENOUGH,
        };
      },
    }),
  ];
}

const NOT_ENOUGH =
  'Not enough data: name no winner yet. Every variant needs at least 100 impressions, 5 conversions and 5 impressions without a conversion.';

function writingTools(api: ExperimentsApi): Tool[] {
  return [
    tool({
      name: 'create_experiment',
      title: 'Create an experiment',
      description:
        'Creates a draft with equal shares. The first variant is the control. No visitor is assigned until start_experiment.',
      input: z.object({
        key: name.describe('What the code passes to assign(), such as checkout_redesign'),
        name: name.optional(),
        variants: z.array(name).min(2).max(10).describe('Names; the first is the control'),
        goal: z.string().min(1).describe('The event that counts as a conversion, spelled as the code sends it'),
        secondary: z.array(z.string().min(1)).max(20).default([]).describe('Other events to measure'),
        settingsId: z.string().min(1).optional().describe('Needed only if the account has several experiment settings'),
      }),
      isWriting: true,
      run: async (input) => describe(await api.create({ ...input, name: input.name ?? input.key })),
    }),
    change(api, 'start', 'Starts a draft: visitors are assigned and counted from now on.'),
    change(api, 'stop', 'Stops an experiment for good: a stopped experiment cannot be started again.'),
  ];
}

function change(api: ExperimentsApi, action: 'start' | 'stop', description: string): Tool {
  return tool({
    name: `${action}_experiment`,
    title: action === 'start' ? 'Start an experiment' : 'Stop an experiment',
    description,
    input: z.object({ experiment }),
    isWriting: true,
    async run({ experiment: key }) {
      const { id } = await api.find(key);
      const isPublished = await api[action](id);
      return {
        ...describe(await api.find(id)),
        ...(isPublished ? {} : { note: 'The change is not published yet: publish it in the dashboard.' }),
      };
    },
  });
}

function describe({ id, key, status, metrics, variants, rolloutVariantId }: Experiment): object {
  return {
    key: shown(key),
    id,
    status,
    goal: metrics?.primary?.eventName ?? null,
    secondary: (metrics?.secondary ?? []).map((metric) => metric.eventName ?? metric.funnelId),
    variants: variants.map((variant) => shown(variant.name)),
    ...(rolloutVariantId ? { rolledOut: variants.find((variant) => variant.id === rolloutVariantId)?.name } : {}),
  };
}
