import type { EventCatalog } from '../protocol/catalog.js';

/** The experiments of a program: key → names of the variants, as `npx ours-ingest pull` writes them. */
export type ExperimentCatalog = Readonly<Record<string, readonly string[]>>;

declare const experiments: unique symbol;

/**
 * Adds the experiments to the type of an event catalogue, so that everything that passes on a client's type, such as an adapter,
 * passes on both.
 */
export type WithExperiments<Experiments extends ExperimentCatalog> = { readonly [experiments]?: Experiments };

/** The catalogue of a client with these events and experiments. */
export type ClientCatalog<
  Events extends EventCatalog,
  Experiments extends ExperimentCatalog,
> = string extends keyof Experiments ? Events : Events & WithExperiments<Experiments>;

type ExperimentsOf<Catalog extends EventCatalog> =
  Catalog extends WithExperiments<infer Experiments extends ExperimentCatalog> ? Experiments : ExperimentCatalog;

/** The keys of the experiments; any string without a catalogue. */
export type ExperimentKey<Catalog extends EventCatalog> = keyof ExperimentsOf<Catalog> & string;

/** The names of an experiment's variants; any string without a catalogue. */
export type VariantName<
  Catalog extends EventCatalog,
  Key extends ExperimentKey<Catalog>,
> = ExperimentsOf<Catalog>[Key][number];
