import { Refusal, typeName } from '../core/refusal.js';
import { ignoreRejection, isPromise } from '../core/user-call.js';

/**
 * A validator by the Standard Schema convention (version 1), which zod, valibot, arktype and others implement. Only what
 * is used here is declared, so that any of their schemas fits.
 */
export interface EventSchema<Input = unknown, Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The events a program sends: name → schema of its `eventProperties`. */
export type EventCatalog = Readonly<Record<string, EventSchema>>;

/** The names of a catalogue, or any string where none was given. */
export type EventName<Catalog extends EventCatalog> = keyof Catalog & string;

/** What `eventProperties` may be for one event. */
export type EventProperties<
  Catalog extends EventCatalog,
  Name extends EventName<Catalog>,
> = string extends keyof Catalog
  ? object
  : Catalog[Name] extends { readonly '~standard': { readonly types?: { readonly input: infer Input } | undefined } }
    ? Input
    : object;

/** The properties to send, as the schema of their event returns them, or why the event is refused. */
export type CatalogCheck = (name: string, properties: unknown) => unknown;

export function createCatalogCheck(catalog: EventCatalog): CatalogCheck {
  return (name, properties) => {
    if (!Object.hasOwn(catalog, name)) {
      const names = Object.keys(catalog);
      const intended = names.find((known) => known.toLowerCase() === name.toLowerCase());
      return intended === undefined
        ? new Refusal('unknown_event', `event '${name}' is not in your events. Known: ${names.join(', ')}.`)
        : new Refusal(
            'invalid_name',
            `event '${name}' differs from '${intended}' only by case, and a goal is matched exactly: send '${intended}'.`,
          );
    }
    const schema = catalog[name]!['~standard'];
    const result = schema.validate(properties ?? {});
    if (isPromise(result)) {
      ignoreRejection(result);
      return new Refusal(
        'invalid_properties',
        `the schema of event '${name}' returned a promise; it must be synchronous, as track() is.`,
      );
    }
    if (result.issues === undefined) return result.value;
    const where = result.issues.map((issue) => describe(issue, properties, schema.vendor)).join('; ');
    return new Refusal('invalid_properties', `eventProperties of '${name}' do not fit its schema: ${where}.`);
  };
}

/**
 * Where a value does not fit and of what type it is. A schema's own message may quote the value, which may be personal; that of
 * `commerceEvents` never does.
 */
function describe(issue: SchemaIssue, properties: unknown, vendor: string): string {
  const path = (issue.path ?? []).map((part) => (typeof part === 'object' ? part.key : part));
  const value = path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], properties);
  const why = vendor === 'ours-ingest' ? ` ${issue.message}` : '';
  return `${path.map(String).join('.') || 'the whole'}${why} (got ${typeName(value)})`;
}
