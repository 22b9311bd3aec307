import { nearestName } from './nearest-name.js';
import { Refusal } from './refusal.js';

/** The allowed names of an object. They are written as a map so that the compiler compares them with its type. */
export function fieldNames<Shape extends object>(
  fields: { readonly [Name in keyof Shape & string]-?: 1 },
): ReadonlySet<string> {
  return new Set(Object.keys(fields));
}

/**
 * Describes the unknown names of an object, each with the name that was probably meant; `undefined` if there are none. A name
 * whose value is `undefined` does not count. Values are not shown: they may be personal.
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

/** {@link describeUnknown} as a refusal. `owner` is the call or field that has the names. */
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

/** The known name that was probably meant by an unknown one. */
export function meantBy(name: string, known: readonly string[]): string | undefined {
  const lower = name.slice(0, MAX_NAME_LENGTH).toLowerCase();
  const folded = lower.replace(/[^a-z]/g, '');
  const synonym = SYNONYMS.split(';')
    .map((line) => line.split(/[: ]/))
    .find(([meant, ...words]) => known.includes(meant!) && (words.includes(lower) || words.includes(folded)));
  return synonym?.[0] ?? nearestName(lower, known);
}

/** Names that Segment, PostHog and Mixpanel use for our fields and options. The first entry whose name is known applies. */
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
