import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { OpenOptions, OpenOutbox } from './outbox-option.js';

/** @throws {Error} when the file is not there and may not be made, or cannot be opened */
export async function openSqlite(
  file: string,
  { sealingKeys, acceptUnsealed, create }: OpenOptions,
): Promise<OpenOutbox> {
  const path = resolve(file);
  if (!create) await mustExist(path);
  const { createSqliteOutbox } = await import('../outbox/sqlite/index.js');
  const outbox = createSqliteOutbox({ file: path, sealingKeys, acceptUnsealed });
  try {
    await outbox.oldest();
  } catch (error) {
    await outbox.close().catch(() => undefined);
    throw error;
  }
  return { outbox, describe: `the SQLite file ${path}`, close: () => outbox.close() };
}

async function mustExist(path: string): Promise<void> {
  try {
    await access(path);
  } catch (cause) {
    throw new Error(`${path} is not there: no event was stored in it yet, or the path is another.`, { cause });
  }
}
