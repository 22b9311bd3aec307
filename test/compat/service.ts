import { onTestFinished } from 'vitest';
import { type Collector, type CollectorOptions, createCollector } from '../../src/collector/index.js';
import OursPrivacy, { type ClientOptions, type Logger } from '../../src/compat/index.js';

export const TOKEN = 'test_shop';
export const EXPERIMENT_TOKEN = 'exp_shop';

const variants = [{ name: 'classic' }, { name: 'one_page' }];

/** A client of this entry in front of a collector, and what it logged. */
export interface CompatRig {
  readonly client: OursPrivacy;
  readonly collector: Collector;
  readonly warnings: string[];
}

/** A logger that keeps its warnings. */
export function recordingLogger(warnings: string[]): Logger {
  const ignore = (): void => undefined;
  return { error: ignore, warn: (message) => void warnings.push(message), info: ignore, debug: ignore };
}

export async function compatRig(
  options: ClientOptions = {},
  collectorOptions: CollectorOptions = { experiments: [{ key: 'checkout', variants, primary: 'purchase' }] },
): Promise<CompatRig> {
  const collector = await createCollector(collectorOptions);
  onTestFinished(() => collector.close());
  return { ...openCompat({ baseURL: collector.baseUrl, ...options }), collector };
}

export function openCompat(options: ClientOptions): Pick<CompatRig, 'client' | 'warnings'> {
  const warnings: string[] = [];
  const client = new OursPrivacy({ logger: recordingLogger(warnings), ...options });
  onTestFinished(async () => void (await client.close({ timeoutMs: 0 }).catch(() => undefined)));
  return { client, warnings };
}

/** The error of a call that fails. */
export async function failureOf(call: PromiseLike<unknown>): Promise<Error> {
  return Promise.resolve(call).then(
    () => {
      throw new Error('the call did not fail');
    },
    (error: Error) => error,
  );
}
