import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { openNdjson } from './ndjson.js';
import type { Source } from './source.js';

/** The size and modification time of a file when the backfill opened it. */
export interface InputFile {
  readonly size: number;
  readonly mtimeMs: number;
}

/** @throws {Error} for anything but a regular file: a pipe cannot be read twice */
export async function measureFile(path: string): Promise<InputFile> {
  const stats = await stat(path);
  if (!stats.isFile()) throw new Error(`${path} is not a file: a backfill reads it twice, and again after a stop.`);
  return { size: stats.size, mtimeMs: stats.mtimeMs };
}

/** Opens a file by its extension. @throws {Error} for another extension, or a CSV with an invalid header */
export async function openSource(file: string, size: number): Promise<Source> {
  switch (extname(file).toLowerCase()) {
    case '.ndjson':
    case '.jsonl':
      return openNdjson(file, size);
    case '.csv':
      // Loads the CSV parser only when it is needed.
      return (await import('./csv.js')).openCsv(file, size);
    default:
      throw new Error(`${file} must end with .ndjson, .jsonl or .csv, which selects its format.`);
  }
}
