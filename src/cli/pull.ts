import { readFile, writeFile } from 'node:fs/promises';
import type { Experiment } from './account/api-schemas.js';
import { generatedFile } from './account/generated-file.js';
import { API_USAGE, withApi } from './account/with-api.js';
import { count } from './amounts.js';
import { readArguments } from './arguments.js';
import { type Command, printUsage, UsageError } from './command.js';
import { messageOf } from './message-of.js';

const DEFAULT_FILE = 'ours-account.ts';

const usage = `Usage: ours-ingest pull [options]

Writes the names that your account has as TypeScript: allowed events, experiments and their variants. Pass experiments to
createClient, and a misspelt key does not compile.

  --out <file>         where to (${DEFAULT_FILE})
  --check              write nothing; exit with 1 when the file is not what would be written

${API_USAGE}`;

/** `ours-ingest pull`: the account's names as types. */
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
    if (!/\.[cm]?ts$/.test(file)) throw new UsageError(`--out ${file}: TypeScript is written, so name a .ts file.`);
    const { events, experiments } = await withApi(values['api-url'], context, async (api) => ({
      events: (await api.allowedEvents()).map(({ name }) => name),
      experiments: (await api.experiments()).filter(isAsked),
    }));
    const text = generatedFile(events, experiments);
    const told = `${count(events.length)} events, ${count(experiments.length)} experiments`;
    if (values.check) {
      if ((await contentOf(file)) !== text) throw new Error(`${file} is stale: run ours-ingest pull --out ${file}.`);
      return print(`${file} is what the account has: ${told}.`);
    }
    await write(file, text);
    print(`${file}: ${told}.`);
  },
};

/** Whether code may still have a reason to ask for it. */
function isAsked({ status, rolloutVariantId }: Experiment): boolean {
  return status !== 'completed' || !!rolloutVariantId;
}

/** Line ends may have been changed by a checkout. */
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
