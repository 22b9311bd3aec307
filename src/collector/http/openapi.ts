import type { z } from 'zod';
import { PATHS } from '../../protocol/wire.js';
import {
  assignmentAnswerSchema,
  batchAnswerSchema,
  personalizationsSchema,
  refusalSchema,
  successSchema,
  tooLargeSchema,
} from './answer-schemas.js';
import { toJsonSchema } from './json-schema.js';
import type { Route } from './route.js';
import { API_PREFIX } from './route.js';
import {
  assignmentSchema,
  batchRowSchema,
  batchSchema,
  identifySchema,
  personalizationSchema,
  tokenSchema,
  trackSchema,
} from './schemas.js';

/** Where the description is found. */
export const OPENAPI_PATH: string = `${API_PREFIX}/openapi`;

/** The API told to programs, as an OpenAPI 3.1 document made of the very schemas that judge requests. */
export function openapiRoute(): Route {
  // Made when it is first asked for: a collector in a test never is.
  let document: unknown;
  return {
    method: 'GET',
    path: OPENAPI_PATH,
    accepts: 'nothing',
    handle() {
      document ??= describeApi();
      return { status: 200, body: document };
    },
  };
}

const SCHEMAS = {
  Token: tokenSchema,
  Track: trackSchema,
  Identify: identifySchema,
  Batch: batchSchema,
  BatchRow: batchRowSchema,
  Assignment: assignmentSchema,
  Personalization: personalizationSchema,
  Success: successSchema,
  BatchAnswer: batchAnswerSchema,
  AssignmentAnswer: assignmentAnswerSchema,
  Personalizations: personalizationsSchema,
  Refusal: refusalSchema,
  TooLarge: tooLargeSchema,
} as const satisfies Record<string, z.ZodType>;

type SchemaName = keyof typeof SCHEMAS;

const REFUSALS = {
  400: ['The body is not JSON, or a field is wrong.', 'Refusal'],
  401: ['The token is unknown, or of the other kind: experiment tokens start with exp_.', 'Refusal'],
  413: ['Too many rows or bytes.', 'TooLarge'],
  415: ['The content type is not application/json.', 'Refusal'],
} as const;

const UNKNOWN_EXPERIMENT = ['No experiment has this key.', 'Refusal'] as const;

function describeApi(): object {
  const paths: Record<keyof typeof PATHS, object> = {
    track: post('Takes one event.', 'Track', { 200: ['Taken.', 'Success'] }),
    identify: post('Takes the names and properties of a visitor.', 'Identify', { 200: ['Taken.', 'Success'] }),
    batch: post(
      'Takes events, each judged alone.',
      'Batch',
      {
        200: ['Every row was taken.', 'BatchAnswer'],
        207: ['Some rows were not taken; results tells which and why.', 'BatchAnswer'],
        500: ['No row was taken, and all of them may be sent again.', 'BatchAnswer'],
      },
      { properties: { events: { items: refTo('BatchRow') } } },
    ),
    assignments: {
      parameters: [{ name: 'experiment_key', in: 'path', required: true, schema: { type: 'string' } }],
      ...post('Tells which variant a visitor is given, and records that they saw it.', 'Assignment', {
        200: ['The variant, or that the visitor is not in the experiment.', 'AssignmentAnswer'],
        404: UNKNOWN_EXPERIMENT,
      }),
    },
    personalization: post('Lists what a visitor was given; records nothing.', 'Personalization', {
      200: ['The personalizations.', 'Personalizations'],
    }),
  };
  return {
    openapi: '3.1.0',
    info: { title: 'Ours Privacy Ingest and assignment API, as the local collector speaks it', version: '1' },
    servers: [{ url: API_PREFIX }],
    paths: Object.fromEntries(
      Object.entries(paths).map(([name, item]) => [templateOf(PATHS[name as keyof typeof PATHS]), item]),
    ),
    components: {
      schemas: Object.fromEntries(Object.entries(SCHEMAS).map(([name, schema]) => [name, toJsonSchema(schema)])),
    },
  };
}

/** The one path that ends with a slash goes on with the key of an experiment. */
function templateOf(path: string): string {
  return path.endsWith('/') ? `${path}{experiment_key}` : path;
}

type Answers = Readonly<Record<number, readonly [description: string, schema: SchemaName]>>;

/** `also` is what the body's schema leaves unsaid. */
function post(summary: string, body: SchemaName, answers: Answers, ...also: readonly object[]): object {
  const responses = Object.entries({ ...answers, ...REFUSALS }).map(([status, [description, schema]]) => [
    status,
    { description, content: jsonOf(refTo(schema)) },
  ]);
  return {
    post: {
      summary,
      requestBody: { required: true, content: jsonOf({ allOf: [refTo('Token'), refTo(body), ...also] }) },
      responses: Object.fromEntries(responses),
    },
  };
}

function jsonOf(schema: object): object {
  return { 'application/json': { schema } };
}

function refTo(name: SchemaName): object {
  return { $ref: `#/components/schemas/${name}` };
}
