import type { Experiment } from './api-schemas.js';

/** The account as TypeScript: names of events, and of experiments with their variants. The same account, the same text. */
export function generatedFile(events: readonly string[], experiments: readonly Experiment[]): string {
  const names = sorted(events).map((name) => `  ${quote(name)},\n`);
  const lists = sorted(experiments.map(({ key }) => key)).map((key) => {
    const { variants } = experiments.find((experiment) => experiment.key === key)!;
    return `  ${quote(key)}: [${variants.map(({ name }) => quote(name)).join(', ')}],\n`;
  });
  return `// Written by \`npx ours-ingest pull\`. Do not edit or format it: pull again, and run \`ours-ingest pull --check\` in CI.

/** Names of events that the account allows. */
export const allowedEvents = [
${names.join('')}] as const;

export type AllowedEvent = (typeof allowedEvents)[number];

/** Experiments, without completed ones, each with the names of its variants: \`createClient({ experiments })\`. */
export const experiments = {
${lists.join('')}} as const;

export type ExperimentKey = keyof typeof experiments;

/** The names of an experiment's variants. */
export type VariantName<Key extends ExperimentKey> = (typeof experiments)[Key][number];
`;
}

/** By code unit, so that no locale decides. */
function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].sort((left, right) => (left < right ? -1 : 1));
}

function quote(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${inner}'`;
}
