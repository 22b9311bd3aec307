import { checkAccount } from './account/check-account.js';
import { githubAnnotation } from './account/github-annotation.js';
import { loadProgram, type Program } from './account/program.js';
import { API_USAGE, withApi } from './account/with-api.js';
import { readArguments, wholeNumber } from './arguments.js';
import { type Command, type CommandContext, printUsage, UsageError } from './command.js';
import { type Check, checkLine, failOnErrors } from './doctor/check.js';

const DEFAULT_WAIT_S = 20;

const usage = `Usage: ours-ingest check [options]

Holds your account against what your code sends: source, allowed events, experiments and their metrics. Exits with 1
when something would not be counted.

  --config <file>      a module that exports events and experiments, as createClient takes them
  --event <name>       an event that the code sends, may be given several times
  --experiment <key>   an experiment that the code asks for, may be given several times
  --source <id>        the source that events are sent to (that of OURS_TOKEN)
  --send-test          send an event in test mode, and wait for the source to show it
  --wait <seconds>     for how long (${DEFAULT_WAIT_S})
  --base-url <url>     where to send it, as OURS_BASE_URL
  --json               as one line of JSON
  --github             as annotations of GitHub Actions (where GITHUB_ACTIONS is set)

${API_USAGE}`;

/** `ours-ingest check`: whether the account counts what the code sends. */
export const check: Command = {
  summary: 'hold your account against what your code sends',
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
    const waitMs = (wholeNumber('--wait', values.wait, { min: 0, max: 3_600 }) ?? DEFAULT_WAIT_S) * 1000;
    const program = await programOf(values);
    const [event] = program.events;
    if (values['send-test'] && event === undefined) throw new UsageError('--send-test needs an event: name one.');
    const asked = {
      program,
      token: context.env.OURS_TOKEN || undefined,
      sourceId: values.source,
      baseUrl: values['base-url'],
      testEvent: values['send-test'] && event !== undefined ? { event, waitMs } : undefined,
    };
    report(await withApi(values['api-url'], context, (api) => checkAccount(api, asked, context)), values, context);
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

interface Form {
  readonly config?: string | undefined;
  readonly json: boolean;
  readonly github: boolean;
}

function report(checks: readonly Check[], { config, json, github }: Form, { print, env }: CommandContext): void {
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
