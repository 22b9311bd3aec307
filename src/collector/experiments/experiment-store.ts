import type { WirePersonalization } from '../../protocol/wire.js';
import type { Experiment, Variant } from './experiment.js';

/** The experiments and who was given which variant. Methods are synchronous: what they did is done when they return. */
export interface ExperimentStore {
  /** In the order of their creation. */
  list(): readonly Experiment[];
  find(idOrKey: string): Experiment | undefined;
  /** Adds the experiment, or replaces the one of its id. */
  save(experiment: Experiment): void;
  /** Forgets the experiment and its assignments. */
  remove(experiment: Experiment): void;
  /** What the visitor was given in this experiment. */
  assigned(experiment: Experiment, visitorId: string): Variant | undefined;
  /** Remembers what the visitor was given; the first stays. */
  assign(experiment: Experiment, visitorId: string, variant: Variant, at: number): void;
  /** What the visitor was given in experiments of type `personalization`. */
  personalizations(visitorId: string): readonly WirePersonalization[];
}
