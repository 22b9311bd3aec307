import type { EventSchema } from '../protocol/catalog.js';

/** What a property must be. */
export interface PropertyShape {
  /** Completes "must be …". */
  readonly expected: string;
  readonly fits: (value: unknown) => boolean;
}

export const TEXT: PropertyShape = {
  expected: 'a non-empty string',
  fits: (value) => typeof value === 'string' && value !== '',
};

/** In whole units of the currency: 49.9, not 4990. */
export const AMOUNT: PropertyShape = {
  expected: 'a number of at least 0',
  fits: (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0,
};

export const CURRENCY: PropertyShape = {
  expected: 'three capital letters of ISO 4217, such as EUR',
  fits: (value) => typeof value === 'string' && /^[A-Z]{3}$/.test(value),
};

type OptionalName<Properties> = {
  [Name in keyof Properties]-?: undefined extends Properties[Name] ? Name : never;
}[keyof Properties];

type Shapes<Name extends PropertyKey> = { readonly [Each in Name]: PropertyShape };

/**
 * A schema for an event with exactly these properties. Others are rejected, so that no personal data is sent by accident. It
 * implements Standard Schema without an import: zod would add tens of milliseconds to a cold start.
 */
export function eventShape<Properties extends object>(
  required: Shapes<Exclude<keyof Properties, OptionalName<Properties>>>,
  optional: Shapes<OptionalName<Properties>>,
): EventSchema<Properties, Properties> {
  return {
    '~standard': {
      version: 1,
      vendor: 'ours-ingest',
      validate(value) {
        const issues = findIssues(value, required, optional);
        return issues.length > 0 ? { issues } : { value: value as Properties };
      },
    },
  };
}

/** The message is logged, so it never includes the value. */
interface Issue {
  readonly message: string;
  readonly path: readonly string[];
}

function findIssues(value: unknown, required: Shapes<string>, optional: Shapes<string>): Issue[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ message: 'must be an object', path: [] }];
  }
  const given = value as Readonly<Record<string, unknown>>;
  const issues: Issue[] = [];
  for (const [name, shape] of Object.entries(required)) {
    if (!shape.fits(given[name])) issues.push({ message: `must be ${shape.expected}`, path: [name] });
  }
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(required, name) || given[name] === undefined) continue;
    const shape = Object.hasOwn(optional, name) ? optional[name] : undefined;
    if (shape === undefined) issues.push({ message: 'is not a property of this event', path: [name] });
    else if (!shape.fits(given[name])) issues.push({ message: `must be ${shape.expected}`, path: [name] });
  }
  return issues;
}
