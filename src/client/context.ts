import type { Logger, WarnOnce } from '../core/logger.js';
import type { Platform } from '../runtime/platform.js';
import type { Observer } from '../telemetry/observer.js';
import type { SkewedClock } from '../transport/clock.js';
import type { ResolvedOptions } from './options.js';

/** What all parts of one client share. */
export interface ClientContext extends Platform {
  readonly options: ResolvedOptions;
  readonly clock: SkewedClock;
  readonly logger: Logger;
  readonly warnings: WarnOnce;
  /** `undefined` where nobody can observe. */
  readonly observer: Observer | undefined;
}
