import { checkAccount } from './account/check-account.js';
import { API_USAGE, withApi } from './account/platform-api.js';
import { loadProgram, type Program } from './account/program.js';
import { type Command, type CommandContext, integerOption, printUsage, readArguments, UsageError } from './command.js';
import { type Check, checkLine, failOnErrors } from './doctor/check.js';

const DEFAULT_WAIT_S = 20;

const usage = `Usage: ours-ingest check [options]

Checks your account against your code: the source, allowed events, experiments and their metrics. Exits with 1 if
something would not count.

  --config <file>      a module that exports events and experiments, as for createClient
  --event <name>       an event that your code sends; may be given several times
  --experiment <key>   an experiment that your code uses; may be given several times
  --source <id>        the source that events are sent to (the one of OURS_TOKEN)
  --send-test          send an event in test mode and wait until the source shows it
  --wait <seconds>     how long to wait (${DEFAULT_WAIT_S})
  --base-url <url>     the address to send it to, as OURS_BASE_URL
  --json               print one line of JSON
  --github             print annotations for GitHub Actions (if GITHUB_ACTIONS is set)

${API_USAGE}`;

/** `ours-ingest check`: checks that the account counts what the code sends. */
export const check: Command = {
  summary: 'check your account against your code',
  loadsModule: true,
  async run(args, context) {
    if (args.includes('--help') || args.includes('-h')) return printUsage(usage, context);
    const { values } = readArguments({
      args: [...args],
      options: {
        config: { type: 'string' },
        event: { type: 'string', multiple: true, default: [] },
        experiment: { type: 'string', multiple: true, default: [] },
        source: { type: 'string' },
        'send-test': { type: 'boolean', default: false },
        wait: { type: 'string' },
        'base-url': { type: 'string' },
        'api-url': { type: 'string' },
        json: { type: 'boolean', default: false },
        github: { type: 'boolean', default: false },
      },
    });
    const waitMs = (integerOption('--wait', values.wait, { min: 0, max: 3_600 }) ?? DEFAULT_WAIT_S) * 1000;
    const program = await programOf(values);
    const [event] = program.events;
    if (values['send-test'] && event === undefined)
      throw new UsageError('--send-test needs an event: pass --event or --config.');
    const options = {
      program,
      token: context.env.OURS_TOKEN || undefined,
      sourceId: values.source,
      baseUrl: values['base-url'],
      testEvent: values['send-test'] && event !== undefined ? { event, waitMs } : undefined,
    };
    report(await withApi(values['api-url'], context, (api) => checkAccount(api, options, context)), values, context);
  },
};

interface Named {
  readonly config?: string | undefined;
  readonly event: readonly string[];
  readonly experiment: readonly string[];
}

async function programOf({ config, event, experiment }: Named): Promise<Program> {
  const loaded = config === undefined ? undefined : await loadProgram(config);
  return {
    events: [...new Set([...(loaded?.events ?? []), ...event])],
    experiments: new Map([...experiment.map((key) => [key, []] as const), ...(loaded?.experiments ?? [])]),
  };
}

interface Format {
  readonly config?: string | undefined;
  readonly json: boolean;
  readonly github: boolean;
}

function report(checks: readonly Check[], { config, json, github }: Format, { print, env }: CommandContext): void {
  if (json) {
    print(JSON.stringify({ ok: checks.every(({ level }) => level !== 'error'), checks }));
  } else {
    for (const one of checks) print(checkLine(one));
    if (github || env.GITHUB_ACTIONS) {
      for (const one of checks) {
        const annotation = githubAnnotation(one, config);
        if (annotation !== undefined) print(annotation);
      }
    }
  }
  failOnErrors(checks);
}

/** The workflow command that makes GitHub Actions show a failed check; `undefined` for a check that passed. */
function githubAnnotation({ check, level, message }: Check, file: string | undefined): string | undefined {
  if (level === 'ok') return undefined;
  const properties = [
    ...(file === undefined ? [] : [`file=${property(file)}`]),
    `title=${property(`ours-ingest: ${check}`)}`,
  ];
  return `::${level} ${properties.join(',')}::${data(`${check} ${message}`)}`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
