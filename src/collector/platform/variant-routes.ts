import { z } from 'zod';
import { type ExperimentActions, isProblem } from '../experiments/actions.js';
import type { Experiment, Variant } from '../experiments/experiment.js';
import type { ExperimentStore } from '../experiments/experiment-store.js';
import * as fields from '../experiments/fields.js';
import type { VariantConfig } from '../experiments/variants.js';
import { type Answer, refuse } from '../http/answer.js';
import { parse } from '../parse.js';
import { variantBody } from './experiment-body.js';
import { refuseFor } from './experiment-routes.js';
import { pageOf } from './page.js';
import { notFound, ok, type PlatformRoute, route } from './platform-route.js';

export interface VariantRoutesOptions {
  readonly experiments: Pick<ExperimentStore, 'list' | 'find'>;
  readonly actions: Pick<ExperimentActions, 'edit'>;
  /** A few letters and digits, unique. */
  readonly randomId: () => string;
}

const shape = {
  name: fields.text.nullish(),
  weight: z.int().min(0).max(100).nullish(),
  isControl: z.boolean().nullish(),
  variantType: fields.variantType.nullish(),
  redirectUrl: fields.redirectUrl.nullish(),
  domModifications: fields.domModifications.nullish(),
};

const changesSchema = z.strictObject(shape);
const newVariantSchema = z.strictObject({
  ...shape,
  experimentId: z.string().min(1),
  name: fields.text,
  weight: z.int().min(0).max(100),
});

/**
 * The routes of single variants. The control's weight is what the others leave, whatever is posted for it.
 *
 * [A] A variant that becomes the control replaces the previous control, which keeps its weight.
 */
export function variantRoutes(options: VariantRoutesOptions): PlatformRoute[] {
  const { experiments, actions, randomId } = options;
  /** Saves the variants of an experiment and answers with one of them. */
  const save = (experiment: Experiment, variants: readonly VariantConfig[], shown: string): Answer => {
    const result = actions.edit(experiment.id, { variants });
    if (isProblem(result)) return refuseFor(result);
    return ok(variantBody(result, result.variants.find(({ id }) => id === shown)!));
  };
  const one = (method: PlatformRoute['method'], scope: string, handle: HandleVariant): PlatformRoute => ({
    method,
    path: '/experiment-variants/:id',
    scope,
    handle({ params, body }) {
      const [found, ...others] = findVariants(experiments, params.id!);
      if (found === undefined) return notFound('variant');
      // Unlike in the service, ids of configured variants may not be unique.
      if (others.length > 0)
        return refuse(409, 'Several experiments have a variant with this id: configure unique ids.');
      return handle(found.experiment, found.variant, body);
    },
  });

  return [
    route('GET', '/experiment-variants', 'experiment:find', ({ url: { searchParams: query } }) => {
      const experiment = experiments.find(query.get('experimentId') ?? '');
      if (experiment === undefined) return refuse(400, 'experimentId: expected the id of an experiment');
      return pageOf(
        experiment.variants.map((variant) => variantBody(experiment, variant)),
        query,
      );
    }),
    route('POST', '/experiment-variants', 'experiment:update', ({ body }) => {
      const parsed = parse(newVariantSchema, body);
      if (parsed.problem !== undefined) return refuse(400, parsed.problem);
      const { experimentId, ...input } = parsed.data;
      const experiment = experiments.find(experimentId);
      if (experiment === undefined) return refuse(400, 'experimentId: expected the id of an experiment');
      if (input.isControl && experiment.variants.some(({ isControl }) => isControl)) {
        return refuse(409, 'isControl: this experiment already has a control; change that one instead');
      }
      const added: VariantConfig = { id: `variant_${randomId()}`, ...toConfig(input), name: input.name };
      const others = othersOf(experiment, undefined, added.isControl);
      return save(experiment, [...others, withoutControlWeight(added)], added.id!);
    }),
    one('GET', 'experiment:find', (experiment, variant) => ok(variantBody(experiment, variant))),
    one('PATCH', 'experiment:update', (experiment, variant, body) => {
      const parsed = parse(changesSchema, body);
      if (parsed.problem !== undefined) return refuse(400, parsed.problem);
      const changed: VariantConfig = { ...configOf(variant), ...toConfig(parsed.data) };
      if (variant.isControl && parsed.data.isControl === false) {
        return refuse(400, 'isControl: make another variant the control instead');
      }
      const others = othersOf(experiment, variant, changed.isControl);
      const place = experiment.variants.indexOf(variant);
      return save(experiment, others.toSpliced(place, 0, withoutControlWeight(changed)), variant.id);
    }),
    one('DELETE', 'experiment:update', (experiment, variant) => {
      if (variant.isControl) return refuse(409, 'The control cannot be deleted.');
      const result = actions.edit(experiment.id, { variants: othersOf(experiment, variant, false) });
      return isProblem(result) ? refuseFor(result) : ok(variantBody(experiment, variant));
    }),
  ];
}

type HandleVariant = (experiment: Experiment, variant: Variant, body: unknown) => Answer;

function findVariants(
  experiments: Pick<ExperimentStore, 'list'>,
  id: string,
): { readonly experiment: Experiment; readonly variant: Variant }[] {
  return experiments
    .list()
    .flatMap((experiment) => experiment.variants.map((variant) => ({ experiment, variant })))
    .filter(({ variant }) => variant.id === id);
}

/** The other variants. A new control replaces a control among them. */
function othersOf(
  { variants }: Experiment,
  except: Variant | undefined,
  hasNewControl: boolean | undefined,
): VariantConfig[] {
  return variants
    .filter((variant) => variant !== except)
    .map(configOf)
    .map((variant) => (hasNewControl ? { ...variant, isControl: false } : withoutControlWeight(variant)));
}

function configOf({ share, ...variant }: Variant): VariantConfig {
  return { ...variant, weight: share * 100 };
}

function withoutControlWeight({ weight, ...variant }: VariantConfig): VariantConfig {
  return variant.isControl ? variant : { ...variant, weight };
}

/** The posted fields. `null` changes nothing, except where it clears. */
function toConfig(input: z.infer<typeof changesSchema>): Partial<VariantConfig> {
  const { name, weight, isControl, variantType, redirectUrl, domModifications } = input;
  return {
    ...(name == null ? {} : { name }),
    ...(weight == null ? {} : { weight }),
    ...(isControl == null ? {} : { isControl }),
    ...(variantType === undefined ? {} : { variantType: variantType ?? undefined }),
    ...(redirectUrl === undefined ? {} : { redirectUrl: redirectUrl ?? undefined }),
    ...(domModifications === undefined ? {} : { domModifications: domModifications ?? undefined }),
  };
}
