import { readFile, writeFile } from 'node:fs/promises';
import { counted } from '../core/counts.js';
import type { Experiment } from './account/api-schemas.js';
import { API_USAGE, withApi } from './account/platform-api.js';
import { type Command, messageOf, printUsage, readArguments, UsageError } from './command.js';

const DEFAULT_FILE = 'ours-account.ts';

const usage = `Usage: ours-ingest pull [options]

Writes your account's allowed events, experiments and variants as TypeScript. Pass experiments to createClient, and a
misspelt key does not compile.

  --out <file>         the file to write (${DEFAULT_FILE})
  --check              write nothing; exit with 1 if the file is not up to date

${API_USAGE}`;

/** `ours-ingest pull`: writes the account's names as types. */
export const pull: Command = {
  summary: 'write your account’s events and experiments as types',
  async run(args, context) {
    const { print } = context;
    if (args.includes('--help') || args.includes('-h')) return printUsage(usage, { print });
    const { values } = readArguments({
      args: [...args],
      options: {
        out: { type: 'string', default: DEFAULT_FILE },
        check: { type: 'boolean', default: false },
        'api-url': { type: 'string' },
      },
    });
    const file = values.out;
    if (!/\.[cm]?ts$/.test(file)) throw new UsageError(`--out ${file}: must be a .ts file.`);
    const { events, experiments } = await withApi(values['api-url'], context, async (api) => ({
      events: (await api.allowedEvents()).listed.map(({ name }) => name),
      experiments: (await api.experiments()).filter(isUsed),
    }));
    const text = generatedFile(events, experiments);
    const counts = `${counted(events.length, 'event')}, ${counted(experiments.length, 'experiment')}`;
    if (values.check) {
      if ((await contentOf(file)) !== text)
        throw new Error(`${file} is out of date: run ours-ingest pull --out ${file}.`);
      return print(`${file} is up to date: ${counts}.`);
    }
    await write(file, text);
    print(`${file}: ${counts}.`);
  },
};

/** Whether code may still ask for it. */
function isUsed({ status, rolloutVariantId }: Experiment): boolean {
  return status !== 'completed' || !!rolloutVariantId;
}

/** A checkout may have changed the line endings. */
async function contentOf(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text?.replaceAll('\r\n', '\n');
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new UsageError(`--out ${file} cannot be written: ${messageOf(error)}`);
  }
}

/** Generates the TypeScript file. The same account always gives the same text. */
function generatedFile(events: readonly string[], experiments: readonly Experiment[]): string {
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

/** By code unit, independent of the locale. */
function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].sort((left, right) => (left < right ? -1 : 1));
}

function quote(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${inner}'`;
}
