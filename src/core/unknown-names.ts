import { nearestName } from './nearest-name.js';
import { Refusal } from './refusal.js';

/** The names that an object may have: written as a map, so that the compiler compares them with its type. */
export function fieldNames<Shape extends object>(
  fields: { readonly [Name in keyof Shape & string]-?: 1 },
): ReadonlySet<string> {
  return new Set(Object.keys(fields));
}

/**
 * The names of an object that nobody would read, each with the one that was probably meant; `undefined` where there are none. A
 * name without a value (`undefined`) is no name. Their values are not shown: they may be personal.
 */
export function describeUnknown(given: object, known: ReadonlySet<string>): string | undefined {
  let found: string[] | undefined;
  for (const name in given) {
    if (known.has(name) || (given as Record<string, unknown>)[name] === undefined || !Object.hasOwn(given, name))
      continue;
    found ??= [];
    found.push(name);
  }
  return found
    ?.slice(0, MAX_SHOWN)
    .map((name) => describe(name, known))
    .join(', ');
}

/** {@link describeUnknown} as the refusal of an event. `owner` is the call or the field that has the names, if not the event itself. */
export function checkNames(given: object, known: ReadonlySet<string>, owner = 'the event'): Refusal | undefined {
  const unknown = describeUnknown(given, known);
  return unknown === undefined ? undefined : new Refusal('unknown_field', `${owner} has an unknown field: ${unknown}.`);
}

const MAX_SHOWN = 5;
const MAX_NAME_LENGTH = 60;

function describe(name: string, known: ReadonlySet<string>): string {
  const meant = meantBy(name, [...known]);
  const hint = meant === undefined ? `known are ${[...known].join(', ')}` : `did you mean ${meant}?`;
  return `'${name.slice(0, MAX_NAME_LENGTH)}' (${hint})`;
}

/** The known name that an unknown one probably stands for. */
export function meantBy(name: string, known: readonly string[]): string | undefined {
  const lower = name.slice(0, MAX_NAME_LENGTH).toLowerCase();
  const folded = lower.replace(/[^a-z]/g, '');
  const synonym = SYNONYMS.split(';')
    .map((line) => line.split(/[: ]/))
    .find(([meant, ...words]) => known.includes(meant!) && (words.includes(lower) || words.includes(folded)));
  return synonym?.[0] ?? nearestName(lower, known);
}

/** What Segment, PostHog, Mixpanel and older habits call our fields and options. The first line whose name is known decides. */
const SYNONYMS =
  'eventProperties:properties props eventprops params data payload attributes;' +
  'userProperties:traits $set set person profile user;' +
  'defaultProperties:context page campaign utm url referrer;' +
  'identityContext:ip useragent device;' +
  'userId:anonymousid distinct_id visitorid visitor deviceid clientid;' +
  'externalId:customerid accountid;' +
  'distinctId:messageid $insert_id insertid eventid idempotencykey uuid id;' +
  'sessionId:sid session;' +
  'time:timestamp date sentat createdat;' +
  'event:name type;' +
  'token:writekey apikey key;' +
  'baseUrl:apihost host endpoint url;' +
  'flushAt:batchsize maxeventsinbatch;' +
  'requestTimeoutMs:timeout;' +
  'fetch:httpclient;' +
  'forceVariant:variant;' +
  'disabled:enabled disable';
