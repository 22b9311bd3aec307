import { type Meter, type MeterProvider, metrics, type TracerProvider, trace } from '@opentelemetry/api';
import { LIBRARY } from '../../protocol/library.js';
import type { ClientStats } from '../client-stats.js';
import { recordMetrics } from './metrics.js';
import { observeStats } from './stats.js';
import { traceDelivery } from './traces.js';

const NAME = 'ours-ingest';

// What OpenTelemetry passes, described without its types: our declarations compile without its package.

/** A `TracerProvider` of `@opentelemetry/api`. */
export interface TracerProviderLike {
  getTracer(name: string, version?: string): object;
}

/** A `MeterProvider` of `@opentelemetry/api`. */
export interface MeterProviderLike {
  getMeter(name: string, version?: string): object;
}

/**
 * Turns the work of every client in this process into OpenTelemetry metrics and spans. It is an instrumentation: pass it to
 * `NodeSDK` or `registerInstrumentations`, or use it alone with the global providers.
 *
 * @example
 * const ours = createClient();
 * const instrumentation = new OursInstrumentation();
 * new NodeSDK({ instrumentations: [instrumentation] }).start();
 * instrumentation.observe(ours);
 */
export class OursInstrumentation {
  readonly instrumentationName: string = NAME;
  readonly instrumentationVersion: string = LIBRARY.slice(LIBRARY.indexOf('/') + 1);
  #tracers: TracerProvider = trace;
  #meters: MeterProvider = metrics;
  readonly #clients = new Set<StatsSource>();
  #stop: (() => void) | undefined;

  constructor() {
    this.enable();
  }

  /** Adds gauges of a client's outbox: waiting and claimed events, bytes, age of the oldest event, dead letters. Returns how to stop. */
  observe(client: StatsSource): () => void {
    this.#clients.add(client);
    return () => void this.#clients.delete(client);
  }

  enable(): void {
    if (this.#stop !== undefined) return;
    const meter: Meter = this.#meters.getMeter(NAME, this.instrumentationVersion);
    const stops = [
      recordMetrics(meter),
      observeStats(meter, this.#clients),
      traceDelivery(this.#tracers.getTracer(NAME, this.instrumentationVersion)),
    ];
    this.#stop = () => {
      for (const stop of stops) stop();
    };
  }

  disable(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  setTracerProvider(provider: TracerProviderLike): void {
    this.#tracers = provider as TracerProvider;
    this.#restart();
  }

  setMeterProvider(provider: MeterProviderLike): void {
    this.#meters = provider as MeterProvider;
    this.#restart();
  }

  setConfig({ enabled = true }: { readonly enabled?: boolean | undefined }): void {
    if (enabled) this.enable();
    else this.disable();
  }

  getConfig(): { enabled: boolean } {
    return { enabled: this.#stop !== undefined };
  }

  #restart(): void {
    if (this.#stop === undefined) return;
    this.disable();
    this.enable();
  }
}

/** Anything with a client's `stats`. */
export interface StatsSource {
  stats(): Promise<ClientStats>;
}

export type { ChannelMessages } from '../channels.js';
export type { ClientStats } from '../client-stats.js';
export type { AssignmentReport, CircuitState, RequestReport } from '../observer.js';
