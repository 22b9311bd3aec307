import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { type Fact, readFixture, type Schema } from '../schema/facts.js';

const schema = readFixture(
  JSON.parse(readFileSync(new URL('../fixtures/ingest-schema.json', import.meta.url), 'utf8')),
);

/** The service's objects as the official SDK declares them: interfaces, so that no index signature is needed to accept one. */
function declarations(from: Schema): string {
  return [...from]
    .map(([object, facts]) => {
      const fields = [...facts].map(([name, fact]) => `  ${name}${fact.isOptional ? '?' : ''}: ${typeOf(fact)};`);
      return `interface ${object} {\n${fields.join('\n')}\n}`;
    })
    .join('\n');
}

function typeOf({ type, isNullable }: Fact): string {
  const named = type
    .replace(/^map of string or null$/, '{ [key: string]: string | null }')
    .replace(/^list of (\w+)$/, 'Array<$1>');
  return isNullable ? `${named} | null` : named;
}

const INPUTS = {
  TrackEventParams: 'track',
  VisitorUpsertParams: 'identify',
  ExperimentAssignmentParams: 'assignmentRequest',
  ExperimentPersonalizationParams: 'personalizationRequest',
};
const ANSWERS = {
  BatchCreateResponse: 'batchResponse',
  ExperimentAssignmentResponse: 'assigned | notAssigned',
  ExperimentPersonalizationResponse: 'personalizations',
};
const ROW_RESULT =
  "type batchResult = { index: number; success: true } | { code: 'invalid_event' | 'queue_failed'; index: number; message: string; success: false };";

/** A program that passes the official types where this entry takes its own, and the other way round for answers. */
function program(): string {
  const inputs = Object.entries(INPUTS).map(
    ([ours, official]) => `export const ${ours} = (value: ${official}): OursPrivacy.${ours} => value;`,
  );
  const answers = Object.entries(ANSWERS).map(
    ([ours, official]) => `export const ${ours} = (value: OursPrivacy.${ours}): ${official} => value;`,
  );
  return [
    "import type OursPrivacy from '../../src/compat/index.js';",
    "import type { BatchEvent, DefaultProperties, UserProperties } from '../../src/compat/index.js';",
    declarations(schema),
    ROW_RESULT,
    ...inputs,
    ...answers,
    'export const row = (value: batchRow): BatchEvent => value;',
    // In an interface, a name that the service does not know would be accepted unseen.
    'export const page: Record<Exclude<keyof defaultProperties, keyof DefaultProperties>, 1> = {};',
    'export const person: Record<Exclude<keyof userProperties, keyof UserProperties>, 1> = {};',
    'export const unknown: Record<Exclude<keyof UserProperties, keyof userProperties>, 1> = {};',
  ].join('\n');
}

function problemsOf(text: string): string[] {
  const name = fileURLToPath(new URL('official-types.ts', import.meta.url));
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2023.d.ts', 'lib.es2024.string.d.ts'],
    types: ['node'],
    paths: { 'ours-ingest': [fileURLToPath(new URL('../../src/index.ts', import.meta.url))] },
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (file) => file === name || fileExists(file);
  host.getSourceFile = (file, ...rest) =>
    file === name ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022) : getSourceFile(file, ...rest);
  const compiled = ts.createProgram([name], options, host);
  const source = compiled.getSourceFile(name);
  return [...compiled.getSyntacticDiagnostics(source), ...compiled.getSemanticDiagnostics(source)].map(
    ({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'),
  );
}

it('every call that the official types allow compiles, and every answer has the official type', () => {
  expect(problemsOf(program())).toEqual([]);
});

it('the comparison fails for a field of another type, and for a missing one', () => {
  const changed = program()
    .replace('screen_width?: number', 'screen_width?: Date')
    .replace('  utm_term?:', '  utm_new?: string | null;\n  utm_term?:');
  const problems = problemsOf(changed);
  expect(problems.join('\n')).toContain('screen_width');
  expect(problems.join('\n')).toContain('utm_new');
});
