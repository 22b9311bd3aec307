import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf, UsageError } from '../command.js';

/** The events and experiments of a program. */
export interface Program {
  /** Names of events. */
  readonly events: readonly string[];
  /** The variants that the program handles, by experiment key; empty for any. */
  readonly experiments: ReadonlyMap<string, readonly string[]>;
}

/** No known events or experiments. */
export const NO_PROGRAM: Program = { events: [], experiments: new Map() };

/**
 * Reads the exports `events` and `experiments` of a module, or of its default export. `events` is the catalogue that
 * `createClient` takes, or a list of names; `experiments` what `ours-ingest pull` writes, or a list of keys.
 * @throws UsageError when the module cannot be loaded or exports neither
 */
export async function loadProgram(file: string): Promise<Program> {
  const exported = await load(file);
  const { events, experiments } = exported;
  if (events === undefined && experiments === undefined) {
    throw new UsageError(`--config ${file}: expected exports named events or experiments.`);
  }
  return {
    events: namesOf(events, file, 'events'),
    experiments: new Map(
      namesOf(experiments, file, 'experiments').map((key) => [key, variantsOf(experiments, file, key)]),
    ),
  };
}

async function load(file: string): Promise<Readonly<Record<string, unknown>>> {
  const path = resolve(file);
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) throw new UsageError(`--config ${file}: the file does not exist.`);
  // The module must not end the process with exit code 0 before anything was checked.
  const failAtExit = (): void => {
    console.error(`--config ${file}: the module ends the process. Use a module that only exports.`);
    process.exitCode = 2;
  };
  process.once('exit', failAtExit);
  try {
    const module = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
    return { ...(isObject(module.default) ? module.default : {}), ...module };
  } catch (error) {
    const code = isObject(error) ? error.code : undefined;
    throw new UsageError(
      code === 'ERR_UNKNOWN_FILE_EXTENSION'
        ? `--config ${file}: Node ${process.versions.node} cannot load TypeScript. Use Node 22.18 or later, pass the compiled file, or load tsx: NODE_OPTIONS="--import tsx".`
        : `--config ${file} cannot be loaded: ${messageOf(error)}`,
    );
  } finally {
    process.off('exit', failAtExit);
  }
}

function namesOf(value: unknown, file: string, name: string): readonly string[] {
  if (value === undefined) return [];
  if (isListOfNames(value)) return value;
  if (isObject(value) && !Array.isArray(value)) return Object.keys(value);
  throw new UsageError(`--config ${file}: ${name} must be an object with names as its keys, or a list of names.`);
}

function variantsOf(experiments: unknown, file: string, key: string): readonly string[] {
  if (!isObject(experiments) || Array.isArray(experiments)) return [];
  const variants = experiments[key];
  if (isListOfNames(variants)) return variants;
  throw new UsageError(`--config ${file}: experiments.${key} must be a list of the names of its variants.`);
}

function isListOfNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
