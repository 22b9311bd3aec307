import { extname } from 'node:path';
import { openNdjson } from './ndjson.js';
import type { Source } from './source.js';

/** Opens a file by what its name ends with. @throws {Error} for another ending, or a CSV whose header cannot be used */
export async function openSource(file: string, size: number): Promise<Source> {
  switch (extname(file).toLowerCase()) {
    case '.ndjson':
    case '.jsonl':
      return openNdjson(file, size);
    case '.csv':
      // With the parser it brings, for those who need it.
      return (await import('./csv.js')).openCsv(file, size);
    default:
      throw new Error(`${file} must end with .ndjson, .jsonl or .csv, which says how it is to be read.`);
  }
}
