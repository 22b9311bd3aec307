import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { CollectorOptions, ExperimentConfig } from '../../collector/index.js';
import { messageOf, UsageError } from '../command.js';

const schema = z.strictObject({
  // The collector checks the experiments themselves.
  experiments: z.array(z.custom<ExperimentConfig>()).optional(),
  goal: z.string().optional(),
  allowedEvents: z
    .array(z.union([z.string(), z.strictObject({ name: z.string(), destinationIds: z.array(z.string()).optional() })]))
    .optional(),
  sources: z
    .array(
      z.strictObject({
        token: z.string(),
        id: z.string().optional(),
        name: z.string().optional(),
        type: z.string().optional(),
        status: z.enum(['Enabled', 'Disabled']).optional(),
        isPublished: z.boolean().optional(),
      }),
    )
    .optional(),
  apiKeys: z.array(z.strictObject({ key: z.string(), scopes: z.array(z.string()).optional() })).optional(),
  bots: z.enum(['allow', 'block']).optional(),
});

/** Reads the file of `--config`. @throws UsageError naming the file and the problem */
export async function readConfig(file: string): Promise<CollectorOptions> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error).replace(/\s*\n\s*/g, ' ') : messageOf(error);
    throw new UsageError(`--config ${file}: ${why}`);
  }
}

/** Reads `key:variant,variant:goal`. @throws UsageError for anything else */
export function readExperiment(text: string): ExperimentConfig {
  const [key = '', variants = '', primary = '', ...rest] = text.split(':').map((part) => part.trim());
  const names = variants.split(',').map((name) => name.trim());
  if (key === '' || primary === '' || rest.length > 0 || names.length < 2 || names.includes('')) {
    throw new UsageError(
      '--experiment must be key:variant,variant:goal, such as checkout:classic,one_page:purchase. Use --config for names with a colon or comma.',
    );
  }
  return { key, variants: names.map((name) => ({ name })), primary };
}
