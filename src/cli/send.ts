import type { Outcome } from '../core/outcome.js';
import { Refusal } from '../core/refusal.js';
import { IDENTIFY_EVENT } from '../protocol/wire.js';
import type { Receipt } from '../tracking/receipt.js';
import { openClient } from './client.js';
import { type Command, printUsage, readArguments, UsageError } from './command.js';
import { outcomeWords } from './outcome-words.js';
import { setField, type TypedEvent, toFieldPath, toTypedEvent } from './typed-event.js';

const DEFAULT_TIMEOUT_S = 10;

const usage = `Usage: ours-ingest send <event> [options]
       ours-ingest send --identify [options]

Sends one event and reports its outcome. The token is read from OURS_TOKEN.

  --user-id <id>                the visitor (the ours_device_id cookie)
  --external-id <id>            your own id of the person
  --email <address>
  --session-id <id>             the visitor's session; a goal without one never counts
  --property <name=value>       a property of the event; may be given several times
  --user-property <name=value>  a property of the person, such as city=Graz or custom_properties.plan=pro
  --distinct-id <id>            the idempotency key: events with the same one count once (generated)
  --time <time>                 ISO 8601 with its zone, or milliseconds since the epoch (now)
  --identify                    send an identify instead of an event
  --base-url <url>              the address to send to, as OURS_BASE_URL
  --timeout <seconds>           how long to wait for the outcome (${DEFAULT_TIMEOUT_S})`;

/** What a person does not have. */
const EVENT_OPTIONS = ['property', 'distinct-id', 'time'] as const;

/** `ours-ingest send`: sends one event from the shell. */
export const send: Command = {
  summary: 'send one event and report its outcome',
  async run(args, context) {
    if (args.includes('--help') || args.includes('-h')) return printUsage(usage, context);
    const { event, baseUrl, timeoutMs } = parse(args);
    const warnings: string[] = [];
    const client = openClient({ baseUrl }, context, (line) => void warnings.push(line));
    try {
      const receipt = event.kind === 'track' ? client.track(event.input) : client.identify(event.input);
      // The id of an identify is not sent to the service.
      const id = event.kind === 'track' ? ` (distinctId: ${receipt.distinctId})` : '';
      const outcome = await outcomeOf(receipt, timeoutMs, context.stop);
      if (outcome === undefined) {
        const waited = context.stop.aborted ? 'before it was stopped' : `within ${timeoutMs / 1000} s`;
        const advice =
          'The service may or may not have received it; it counts once if sent again with the same --distinct-id.';
        for (const line of warnings) context.warn(line);
        throw new Error(`no outcome ${waited}. ${advice}${id}`);
      }
      if (outcome.status !== 'delivered') throw new Error(inWords(outcome) + id);
      context.print(`delivered: the service accepted it${id}`);
    } finally {
      await client.close({ timeoutMs: 0 });
    }
  },
};

/** `undefined` after the timeout. */
async function outcomeOf(receipt: Receipt, timeoutMs: number, signal: AbortSignal): Promise<Outcome | undefined> {
  try {
    return await receipt.settled({ timeoutMs, signal });
  } catch (error) {
    if (signal.aborted || (error instanceof Error && error.name === 'TimeoutError')) return undefined;
    throw error;
  }
}

function inWords(outcome: Exclude<Outcome, { readonly status: 'delivered' }>): string {
  if (outcome.status === 'rejected') return `rejected (${outcome.code}): ${outcome.message}`;
  const message = outcome.message ?? `${outcomeWords(outcome)?.meaning ?? 'it was not delivered'}.`;
  return `${outcome.status} (${outcome.reason}): ${message}`;
}

interface SendArguments {
  readonly event: TypedEvent;
  readonly baseUrl: string | undefined;
  readonly timeoutMs: number;
}

function parse(args: readonly string[]): SendArguments {
  try {
    const { values, positionals } = readArguments({
      args: [...args],
      allowPositionals: true,
      options: {
        'user-id': { type: 'string' },
        'external-id': { type: 'string' },
        email: { type: 'string' },
        'session-id': { type: 'string' },
        property: { type: 'string', multiple: true },
        'user-property': { type: 'string', multiple: true, default: [] },
        'distinct-id': { type: 'string' },
        time: { type: 'string' },
        identify: { type: 'boolean', default: false },
        'base-url': { type: 'string' },
        timeout: { type: 'string', default: String(DEFAULT_TIMEOUT_S) },
      },
    });
    const [name, ...more] = positionals;
    if (more.length > 0) throw new Error(`send takes one event name; got ${positionals.length}.`);
    if (values.identify === (name !== undefined)) throw new Error('name the event, or pass --identify.');
    const unused = EVENT_OPTIONS.find((option) => values[option] !== undefined);
    if (values.identify && unused !== undefined) throw new Error(`--${unused} is for events, not for --identify.`);
    const timeoutMs = Number(values.timeout) * 1000;
    if (!(timeoutMs > 0 && timeoutMs <= 86_400_000))
      throw new Error('--timeout must be a number of seconds greater than 0.');
    const event = toTypedEvent(
      toFields([
        ['event', name ?? IDENTIFY_EVENT],
        ['userId', values['user-id']],
        ['externalId', values['external-id']],
        ['email', values.email],
        ['sessionId', values['session-id']],
        ['distinctId', values['distinct-id']],
        ['time', values.time],
        ...(values.property ?? []).map((text) => toPair('property', 'eventProperties', text)),
        ...values['user-property'].map((text) => toPair('user-property', 'userProperties', text)),
      ]),
    );
    if (event instanceof Refusal) throw new Error(event.message);
    return { event, baseUrl: values['base-url'], timeoutMs };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

type Pair = readonly [name: string, text: string | undefined];

function toPair(option: string, field: string, text: string): Pair {
  const end = text.indexOf('=');
  // Without the text itself, which may be only a value.
  if (end < 1) throw new Error(`--${option} must be name=value.`);
  return [`${field}.${text.slice(0, end)}`, text.slice(end + 1)];
}

function toFields(pairs: readonly Pair[]): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, text] of pairs) {
    if (text === undefined) continue;
    const path = toFieldPath(name);
    if (path === undefined) throw new Error(`${name} holds names and values: use ${name}.<name>=value.`);
    setField(fields, path, text);
  }
  return fields;
}
