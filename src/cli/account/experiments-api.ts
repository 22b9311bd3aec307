import { z } from 'zod';
import { type ApiRequest, PlatformApiError } from './api-request.js';
import { type Experiment, experimentSchema } from './api-schemas.js';
import { createPlatformApi, readAnswer } from './platform-api.js';

const entity = z.object({ id: z.string() });
const started = z.object({ publishStatus: z.string().nullish() });
const settings = z.object({ entities: z.array(z.object({ id: z.string(), name: z.string().nullish() })) });

/** The results of one variant. */
export interface VariantResults {
  readonly id: string;
  readonly name: string;
  readonly isControl: boolean;
  readonly impressions: number;
  readonly conversions: number;
  readonly conversionRate: number;
  readonly probabilityToBeBest?: number | null | undefined;
}

const resultsSchema: z.ZodType<{ readonly variants: readonly VariantResults[] }> = z.object({
  variants: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      isControl: z.boolean(),
      impressions: z.number(),
      conversions: z.number(),
      conversionRate: z.number(),
      probabilityToBeBest: z.number().nullish(),
    }),
  ),
});

/** A new experiment. The first variant is the control; all get the same share. */
export interface NewExperiment {
  readonly key: string;
  readonly name: string;
  readonly variants: readonly string[];
  readonly goal: string;
  readonly secondary: readonly string[];
  /** The experiment settings it belongs to. @default the account's only ones */
  readonly settingsId?: string | undefined;
}

/** What the tools do with experiments, in an account or in a collector. Every method throws a {@link PlatformApiError}. */
export interface ExperimentsApi {
  list(): Promise<readonly Experiment[]>;
  /** Finds an experiment by its key or id. */
  find(keyOrId: string): Promise<Experiment>;
  /** For the primary metric, or for any event as if it were the goal. */
  results(id: string, eventName?: string): Promise<readonly VariantResults[]>;
  /** Creates a draft. */
  create(experiment: NewExperiment): Promise<Experiment>;
  /** Resolves to whether the change is published. */
  start(id: string): Promise<boolean>;
  /** As {@link start}. */
  stop(id: string): Promise<boolean>;
}

export function createExperimentsApi(request: ApiRequest): ExperimentsApi {
  const list = (): Promise<readonly Experiment[]> => createPlatformApi(request).experiments();
  const act = async (id: string, action: string, scope: string): Promise<boolean> => {
    const path = `/rest/v1/experiments/${encodeURIComponent(id)}/${action}`;
    const { publishStatus } = readAnswer(started, await request(path, scope, { method: 'POST', body: {} }), path);
    return publishStatus !== 'pending_publish';
  };
  return {
    list,
    async find(keyOrId) {
      const all = await list();
      const found = all.find(({ key }) => key === keyOrId) ?? all.find(({ id }) => id === keyOrId);
      if (found !== undefined) return found;
      const known = all.map(({ key }) => key).join(', ') || 'none';
      throw new PlatformApiError(`there is no experiment ${keyOrId}. Known keys: ${known}.`);
    },
    async results(id, eventName) {
      const query = eventName === undefined ? '' : `?${new URLSearchParams({ eventName })}`;
      const path = `/rest/v1/experiments/${encodeURIComponent(id)}/results${query}`;
      return readAnswer(resultsSchema, await request(path, 'experiment:find'), path).variants;
    },
    create: (experiment) => create(request, experiment),
    start: (id) => act(id, 'start', 'experiment:start'),
    stop: (id) => act(id, 'stop', 'experiment:stop'),
  };
}

const SETTINGS_PATH = '/rest/v1/experiment-settings';
const VARIANTS_PATH = '/rest/v1/experiment-variants';

/** The service takes variants one at a time; a new experiment has only its control. */
async function create(request: ApiRequest, experiment: NewExperiment): Promise<Experiment> {
  const { key, name, variants, goal, secondary } = experiment;
  const post = (path: string, scope: string, body: unknown): Promise<unknown> =>
    request(path, scope, { method: 'POST', body });
  const body = {
    experimentSettingsId: experiment.settingsId ?? (await onlySettings(request)),
    key,
    name,
    type: 'ab',
    metrics: { primary: { eventName: goal }, secondary: secondary.map((eventName) => ({ eventName })) },
  };
  const draft = readAnswer(
    entity,
    await post('/rest/v1/experiments', 'experiment:create', body),
    '/rest/v1/experiments',
  );
  const path = `/rest/v1/experiments/${encodeURIComponent(draft.id)}`;
  const view = async (): Promise<Experiment> =>
    readAnswer(experimentSchema, await request(path, 'experiment:find'), path);
  try {
    const [control, ...others] = variants;
    const controlId = (await view()).variants[0]?.id ?? '';
    const change = { method: 'PATCH', body: { name: control } } as const;
    await request(`${VARIANTS_PATH}/${encodeURIComponent(controlId)}`, 'experiment:update', change);
    const weight = Math.floor(100 / variants.length);
    for (const other of others) {
      await post(VARIANTS_PATH, 'experiment:update', { experimentId: draft.id, name: other, weight });
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PlatformApiError(`the draft ${key} exists now but lacks variants: ${reason} Complete or delete it.`);
  }
  return view();
}

async function onlySettings(request: ApiRequest): Promise<string> {
  const { entities } = readAnswer(settings, await request(SETTINGS_PATH, 'experimentSettings:list'), SETTINGS_PATH);
  const [only, ...more] = entities;
  if (only !== undefined && more.length === 0) return only.id;
  if (only === undefined) {
    throw new PlatformApiError('the account has no experiment settings: create them in the dashboard first.');
  }
  const known = entities.map(({ id, name }) => `${id} (${name ?? 'without a name'})`).join(', ');
  throw new PlatformApiError(`the account has several experiment settings, so name one as settingsId: ${known}.`);
}
