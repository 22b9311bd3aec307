import type { OursInstrumentation } from '../telemetry/otel/index.js';
import { UsageError } from './command.js';

/** Where `@opentelemetry/api` keeps what an SDK registers, in all its 1.x versions. */
const REGISTERED: unique symbol = Symbol.for('opentelemetry.js.api.1') as never;

/**
 * Records the work of relays with the OpenTelemetry SDK that was started before.
 * @throws {UsageError} when `@opentelemetry/api` is not installed, or no SDK was started
 */
export async function startRecording(): Promise<OursInstrumentation> {
  const otel = await import('../telemetry/otel/index.js').catch((error: unknown) => {
    if ((error as { readonly code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new UsageError('--otel needs a package that is not installed: npm install @opentelemetry/api');
  });
  const { trace, metrics } =
    (globalThis as { [REGISTERED]?: { trace?: unknown; metrics?: unknown } })[REGISTERED] ?? {};
  if (trace === undefined && metrics === undefined) {
    throw new UsageError(
      '--otel found no OpenTelemetry SDK in this process. Install @opentelemetry/auto-instrumentations-node and set NODE_OPTIONS="--import @opentelemetry/auto-instrumentations-node/register".',
    );
  }
  return new otel.OursInstrumentation();
}
