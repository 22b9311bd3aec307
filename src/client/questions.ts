import { type Assigner, type AssignerOptions, createAssigner } from '../assignment/assign.js';
import type { Assignment } from '../assignment/assignment.js';
import type { AssignQuestion } from '../assignment/question.js';
import { shortName } from '../core/printable.js';
import { keepProcess } from '../core/timers.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { ClientContext } from './context.js';
import type { ResolvedOptions } from './options.js';
import type { Client } from './types.js';

/** The calls of a client that ask the service and wait for its answer. Without a service they answer at once. */
export function createQuestions<Catalog extends EventCatalog>(
  { options, monotonic, warnings, observer }: ClientContext,
  service: Pick<AssignerOptions, 'transport' | 'onRecorded' | 'isDown'>,
): Pick<Client<Catalog>, 'assign' | 'personalization'> & Pick<Assigner, 'forget'> {
  const { disabled, experiments } = options;
  const assigner = createAssigner({
    ...(options as ResolvedOptions & Pick<AssignerOptions, 'experimentToken' | 'exposures'>),
    ...service,
    monotonic,
    warnings,
    observer,
    timeoutMs: options.assignTimeoutMs,
  });
  return {
    forget: assigner.forget,
    async assign(experimentKey: string, asked: AssignQuestion) {
      if (disabled) return { inExperiment: false, experimentKey, reason: 'fallback' } satisfies Assignment;
      if (experiments && !Object.hasOwn(experiments, experimentKey)) {
        const known = Object.keys(experiments).join(', ');
        warnings.throttledEach(
          `experiment '${shortName(experimentKey)}' is not in your experiments; the service is asked anyway. Known: ${known}. If it is new, run npx ours-ingest pull.`,
        );
      }
      // The types of the variants come from the account.
      return keepProcess(assigner.assign(experimentKey, asked)) as Promise<Assignment<never>>;
    },
    async personalization(asked) {
      return disabled ? [] : keepProcess(assigner.personalization(asked));
    },
  };
}
