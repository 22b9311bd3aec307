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
import { API_PREFIX, get, type Route } from './route.js';
import {
  assignmentSchema,
  batchRowSchema,
  batchSchema,
  identifySchema,
  personalizationSchema,
  tokenSchema,
  trackSchema,
} from './schemas.js';

/** The path of the description. */
export const OPENAPI_PATH: string = `${API_PREFIX}/openapi`;

/** The OpenAPI 3.1 description of the API, generated from the schemas that validate requests. */
export function openapiRoute(): Route {
  // Generated on the first request: collectors in tests never need it.
  let document: unknown;
  return get(OPENAPI_PATH, () => {
    document ??= describeApi();
    return { status: 200, body: document };
  });
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
  401: ['The token is unknown or of the wrong kind: experiment tokens start with exp_.', 'Refusal'],
  413: ['Too many rows or bytes.', 'TooLarge'],
  415: ['The content type is not application/json.', 'Refusal'],
} as const;

const UNKNOWN_EXPERIMENT = ['No experiment has this key.', 'Refusal'] as const;

function describeApi(): object {
  const paths: Record<keyof typeof PATHS, object> = {
    track: post('Accepts one event.', 'Track', { 200: ['Accepted.', 'Success'] }),
    identify: post('Accepts the names and properties of a visitor.', 'Identify', { 200: ['Accepted.', 'Success'] }),
    batch: post(
      'Accepts events, each validated alone.',
      'Batch',
      {
        200: ['Every row was accepted.', 'BatchAnswer'],
        207: ['Some rows were refused; results lists them with the reason.', 'BatchAnswer'],
        500: ['No row was accepted, and all of them may be sent again.', 'BatchAnswer'],
      },
      { properties: { events: { items: refTo('BatchRow') } } },
    ),
    assignments: {
      parameters: [{ name: 'experiment_key', in: 'path', required: true, schema: { type: 'string' } }],
      ...post('Returns the variant of a visitor, and records the impression.', 'Assignment', {
        200: ['The variant, or that the visitor is not in the experiment.', 'AssignmentAnswer'],
        404: UNKNOWN_EXPERIMENT,
      }),
    },
    personalization: post('Lists the visitor’s variants in personalizations; records nothing.', 'Personalization', {
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

/** The only path that ends with a slash continues with the key of an experiment. */
function templateOf(path: string): string {
  return path.endsWith('/') ? `${path}{experiment_key}` : path;
}

type Answers = Readonly<Record<number, readonly [description: string, schema: SchemaName]>>;

/** `also` adds to the schema of the body. */
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
