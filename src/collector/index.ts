export { type Collector, type CollectorReport, createCollector } from './collector.js';
export type { ExperimentConfig } from './experiments/config.js';
export type { ExperimentStatus, ExperimentType, QueryRule, Targeting } from './experiments/experiment.js';
export type { VariantConfig } from './experiments/variants.js';
export type { Fault } from './http/fault.js';
export type { FaultPlan, FaultRequest, Faults } from './http/faults.js';
export { attribute } from './measuring/attribution.js';
export { type Comparison, compareArms, hasEnoughData } from './measuring/bayes.js';
export type { Interval } from './measuring/interval.js';
export type {
  Attribution,
  CountedUnit,
  ImpressionEntry,
  LinkEntry,
  LogEntry,
  MeasuredExperiment,
  MeasuringRules,
  Tally,
  TrackEntry,
} from './measuring/measured-log.js';
export { type Arm, interval95 } from './measuring/posterior.js';
export { sampleRatioP } from './measuring/sample-ratio.js';
export type { Verdict, Warning } from './measuring/verdict.js';
export type { CollectorOptions } from './options.js';
export type { AllowedEventConfig } from './platform/allowed-event-routes.js';
export type { ApiKeyConfig } from './platform/api-keys.js';
export type { SourceConfig } from './platform/source-routes.js';
export type { EventLine } from './queries/log-queries.js';
export type { ExperimentReport, VariantReport } from './queries/report.js';
export type { WaitForOptions, WantedEvent } from './queries/wait-for.js';
export type { Arrival, CollectedEvent, RefusedRow } from './store/collected-event.js';
export type { ForgottenVisitor } from './store/forget-visitor.js';
