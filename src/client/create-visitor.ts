import type { AssignOptions } from '../assignment/assignment.js';
import type { ExperimentKey, VariantName } from '../assignment/experiment-catalog.js';
import { ASSIGN_OPTIONS, WAIT_OPTIONS } from '../assignment/question.js';
import { Refusal } from '../core/refusal.js';
import { checkNames, fieldNames } from '../core/unknown-names.js';
import type { EventCatalog } from '../protocol/catalog.js';
import {
  type Checked,
  IDENTIFY_NAMES,
  type IdentifyInput,
  MISUSE,
  TRACK_OPTIONS,
  type TrackInput,
} from '../protocol/event.js';
import type { DefaultProperties } from '../protocol/fields.js';
import { readMap } from '../protocol/properties.js';
import { sessionOf } from '../protocol/session.js';
import { IDENTIFY_EVENT } from '../protocol/wire.js';
import type { OutgoingEvent } from './options.js';
import type { Client } from './types.js';
import type { Visitor, VisitorInput, VisitorTrackOptions } from './visitor.js';

const VISITOR_NAMES = fieldNames<VisitorInput>({
  userId: 1,
  externalId: 1,
  email: 1,
  sessionId: 1,
  session: 1,
  isFromLink: 1,
  consent: 1,
  testToken: 1,
  ip: 1,
  userAgent: 1,
  url: 1,
  defaultProperties: 1,
});

/** Merges two maps; values of `upper` take precedence. An unreadable map is returned as it is: the encoder reports it. */
function overlay(
  lower: DefaultProperties | undefined,
  upper: DefaultProperties | undefined,
): DefaultProperties | undefined {
  if (!lower || !upper) return upper ?? lower;
  let current = lower;
  try {
    const below = readMap(lower);
    current = upper;
    const above = readMap(upper);
    // An adapter's map has the page already, and copying a map costs more than all else that a visitor does.
    return Object.keys(below).every((name) => Object.hasOwn(above, name)) ? above : { ...below, ...above };
  } catch {
    return current;
  }
}

const THIRD_ARGUMENT = 'the third argument, after the name and the properties,';

/** A visitor's fields, read once, and what is wrong with them. */
function readVisitor(input: VisitorInput) {
  const { userId, externalId, email, isFromLink, ip, userAgent, url } = input;
  const { session, sessionId } = sessionOf(input);
  const address = url ? { current_url: String(url).replace(/[?#].*/s, '') } : undefined;
  return {
    identity: { userId, externalId, email },
    isFromLink: Boolean(isFromLink),
    consent: isFromLink ? undefined : input.consent,
    session,
    sessionId,
    // Exposures are only remembered for a session that the goal will also be in.
    lasting: session === 'active' ? sessionId : undefined,
    url,
    page: overlay(address, input.defaultProperties),
    identityContext: ip && userAgent ? { ip, userAgent } : undefined,
    misuse: checkNames(input, VISITOR_NAMES, 'visitor()'),
  };
}

/** As {@link readVisitor}. What cannot be read must not fail the request: each event of this visitor is refused instead. */
function readable(input: VisitorInput): ReturnType<typeof readVisitor> {
  try {
    return readVisitor(input);
  } catch {
    return { ...readVisitor({}), misuse: UNREADABLE };
  }
}

const UNREADABLE = new Refusal('unreadable', 'visitor() could not read its input: pass one object of plain data.');

/** The token of a test visit; none of an input that cannot be read. */
export function testTokenOf(input: VisitorInput): string | undefined {
  try {
    return input.testToken;
  } catch {
    return undefined;
  }
}

/** Binds a client to a visitor. Never throws. */
export function createVisitor<Catalog extends EventCatalog>(
  client: Pick<Client<Catalog>, 'track' | 'identify' | 'assign' | 'personalization'>,
  input: VisitorInput,
): Visitor<Catalog> {
  const read = readable(input);
  const { isFromLink, consent, session, sessionId, page, identityContext, misuse } = read;
  const { userId, externalId, email } = read.identity;

  // Field by field: object spread would double the cost of a call.
  const filled = (
    own: VisitorTrackOptions,
    known: ReadonlySet<string>,
    event: string,
    eventProperties?: object,
  ): unknown => {
    try {
      const { defaultProperties: ownPage, userProperties } = own;
      const misfit = misuse ?? checkNames(own, known, known === TRACK_OPTIONS ? THIRD_ARGUMENT : undefined);
      // Another visitor's event: this one's session, names, consent and page would be recorded as theirs.
      if (userId && own.userId && own.userId !== userId) return { ...own, [MISUSE]: misfit, event, eventProperties };
      const person = own.externalId ?? externalId ?? own.email ?? email ?? userProperties;
      // Another person's link must not connect this person to that visitor.
      const isTied = !isFromLink || (event !== IDENTIFY_EVENT && person == null);
      return {
        [MISUSE]: misfit,
        event,
        eventProperties,
        userId: own.userId ?? (isTied ? userId : undefined),
        externalId: own.externalId ?? externalId,
        email: own.email ?? email,
        sessionId: own.sessionId ?? (isTied ? sessionId : undefined),
        distinctId: own.distinctId,
        time: own.time,
        userProperties: consent === undefined ? userProperties : { consent, ...userProperties },
        defaultProperties: overlay(page, ownPage),
        identityContext: own.identityContext ?? identityContext,
      } satisfies OutgoingEvent & Checked;
    } catch {
      // The client cannot read it either, and refuses it instead of throwing.
      return own;
    }
  };

  const asking = (call: string, options: object | undefined, known: ReadonlySet<string>) => ({
    [MISUSE]: misuse ?? (options && checkNames(options, known, call)),
    userId,
  });
  return Object.freeze({
    userId,
    externalId,
    isFromLink,
    session,
    sessionId,
    consent,
    track: ((event: string, eventProperties?: object, own?: VisitorTrackOptions | null) =>
      client.track(
        filled(own ?? {}, TRACK_OPTIONS, event, eventProperties) as TrackInput<Catalog>,
      )) as Visitor<Catalog>['track'],
    identify: (person: IdentifyInput) =>
      client.identify(filled(person, IDENTIFY_NAMES, IDENTIFY_EVENT) as IdentifyInput),
    // The browser uses the same id, so both show the visitor the same variant.
    assign: <Key extends ExperimentKey<Catalog>>(
      experimentKey: Key,
      options?: AssignOptions<VariantName<Catalog, Key>>,
    ) =>
      client.assign(experimentKey, {
        ...options,
        sessionId: options?.sessionId ?? read.lasting,
        url: options?.url ?? read.url,
        ...asking('assign()', options, ASSIGN_OPTIONS),
      }),
    personalization: (options?: Pick<AssignOptions, 'timeoutMs' | 'signal'>) =>
      client.personalization({ ...options, ...asking('personalization()', options, WAIT_OPTIONS) }),
  });
}
