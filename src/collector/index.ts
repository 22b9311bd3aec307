export { attribute } from './attribution.js';
export { type Comparison, compareArms, hasEnoughData } from './bayes.js';
export { type Collector, type CollectorOptions, createCollector } from './collector.js';
export type { Arrival, CollectedEvent } from './event-log.js';
export type { ExperimentConfig, ExperimentStatus, ExperimentType, Interval, VariantConfig } from './experiments.js';
export type { Fault, FaultPlan, FaultRequest, Faults } from './faults.js';
export type {
  Attribution,
  ImpressionEntry,
  LinkEntry,
  LogEntry,
  MeasuredExperiment,
  MeasuringRules,
  Tally,
  TrackEntry,
} from './measured-log.js';
export { type Arm, interval95 } from './posterior.js';
export type { CollectorReport, EventReport, ExperimentReport, VariantReport } from './report.js';
export { sampleRatioP } from './sample-ratio.js';
export type { Verdict, Warning } from './verdict.js';
