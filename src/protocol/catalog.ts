import { Refusal, typeName } from './refusal.js';

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

/** Checks names and properties against a catalogue. */
export interface CatalogCheck {
  /** The properties to send, as the schema returns them, or why the event is refused. */
  check(name: string, properties: unknown): unknown;
}

export function createCatalogCheck(catalog: EventCatalog): CatalogCheck {
  const names = Object.keys(catalog);
  const byLowerCase = new Map(names.map((name) => [name.toLowerCase(), name]));

  return {
    check(name, properties) {
      if (!Object.hasOwn(catalog, name)) {
        const intended = byLowerCase.get(name.toLowerCase());
        if (intended !== undefined) {
          return new Refusal(
            'invalid_name',
            `event '${name}' differs from '${intended}' of your events only by case. A goal is matched exactly: send '${intended}'.`,
          );
        }
        return new Refusal('unknown_event', `event '${name}' is not in your events. Known: ${names.join(', ')}.`);
      }
      const result = catalog[name]!['~standard'].validate(properties ?? {});
      if (result instanceof Promise) {
        // Nobody will look at the answer; an unheard rejection would end the process.
        result.catch(() => undefined);
        return new Refusal(
          'invalid_properties',
          `the schema of event '${name}' is asynchronous; track() is not. Use a synchronous schema.`,
        );
      }
      if (result.issues !== undefined) {
        const where = result.issues.map((issue) => describe(issue, properties)).join('; ');
        return new Refusal('invalid_properties', `eventProperties of '${name}' do not fit its schema: ${where}.`);
      }
      return result.value;
    },
  };
}

/** Where a value does not fit and of what type it is. A schema's own message may quote the value, which may be personal. */
function describe(issue: SchemaIssue, properties: unknown): string {
  const path = (issue.path ?? []).map((part) => (typeof part === 'object' ? part.key : part));
  const value = path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], properties);
  return `${path.map(String).join('.') || 'the whole'} (got ${typeName(value)})`;
}
