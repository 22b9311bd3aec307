import type { EventCatalog } from '../protocol/catalog.js';

/** The experiments a program asks for: key → the names of its variants, as `npx ours-ingest pull` writes them. */
export type ExperimentCatalog = Readonly<Record<string, readonly string[]>>;

declare const experiments: unique symbol;

/**
 * What a catalogue of events carries along about experiments, for types alone: whatever passes a client's type on, such as an
 * adapter, passes both on.
 */
export type WithExperiments<Experiments extends ExperimentCatalog> = { readonly [experiments]?: Experiments };

/** The catalogue of a client that was made with these events and experiments. */
export type ClientCatalog<
  Events extends EventCatalog,
  Experiments extends ExperimentCatalog,
> = string extends keyof Experiments ? Events : Events & WithExperiments<Experiments>;

type ExperimentsOf<Catalog extends EventCatalog> =
  Catalog extends WithExperiments<infer Experiments extends ExperimentCatalog> ? Experiments : ExperimentCatalog;

/** The keys of the experiments, or any string where none were given. */
export type ExperimentKey<Catalog extends EventCatalog> = keyof ExperimentsOf<Catalog> & string;

/** The names of an experiment's variants, or any string where no experiments were given. */
export type VariantName<
  Catalog extends EventCatalog,
  Key extends ExperimentKey<Catalog>,
> = ExperimentsOf<Catalog>[Key][number];
