import { stat } from 'node:fs/promises';

/** A file as it was when a backfill looked at it. */
export interface InputFile {
  readonly size: number;
  readonly mtimeMs: number;
}

/** @throws {Error} for what is no file: what comes through a pipe cannot be read a second time */
export async function measureFile(path: string): Promise<InputFile> {
  const stats = await stat(path);
  if (!stats.isFile()) throw new Error(`${path} is no file: a backfill reads it twice, and again after a stop.`);
  return { size: stats.size, mtimeMs: stats.mtimeMs };
}
