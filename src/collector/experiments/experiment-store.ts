import type { WirePersonalization } from '../../protocol/wire.js';
import type { Experiment, Variant } from './experiment.js';

/** The experiments and assignments. Methods are synchronous, so changes are stored when they return. */
export interface ExperimentStore {
  /** In order of creation. */
  list(): readonly Experiment[];
  find(idOrKey: string): Experiment | undefined;
  /** Adds the experiment, or replaces the one with its id. */
  save(experiment: Experiment): void;
  /** Deletes the experiment and its assignments. */
  remove(experiment: Experiment): void;
  /** The visitor's variant in this experiment. */
  assigned(experiment: Experiment, visitorId: string): Variant | undefined;
  /** Stores the visitor's variant, unless one is stored already. */
  assign(experiment: Experiment, visitorId: string, variant: Variant, at: number): void;
  /** The visitor's variants in experiments of type `personalization`. */
  personalizations(visitorId: string): readonly WirePersonalization[];
}
