import type { Route } from '../http/route.js';
import { type AllowedEventRoutesOptions, allowedEventRoutes } from './allowed-event-routes.js';
import { type ApiKeyConfig, createCheckScope } from './api-keys.js';
import { type ExperimentRoutesOptions, experimentRoutes } from './experiment-routes.js';
import { experimentSettingsRoutes } from './experiment-settings.js';
import { lifecycleRoutes } from './lifecycle-routes.js';
import { movedRoutes } from './moved.js';
import { behindApiKey } from './platform-route.js';
import { type ResultRoutesOptions, resultRoutes } from './result-routes.js';
import { type SourceRoutesOptions, sourceRoutes } from './source-routes.js';
import { type VariantRoutesOptions, variantRoutes } from './variant-routes.js';

export type PlatformOptions = ExperimentRoutesOptions &
  VariantRoutesOptions &
  ResultRoutesOptions &
  SourceRoutesOptions &
  AllowedEventRoutesOptions & { readonly apiKeys: readonly ApiKeyConfig[] | undefined };

/** The parts of the public Platform API about experiments, their results, sources and allowed events. */
export function platformRoutes(options: PlatformOptions): Route[] {
  const routes = [
    ...experimentRoutes(options),
    ...lifecycleRoutes(options.actions),
    ...resultRoutes(options),
    ...variantRoutes(options),
    ...experimentSettingsRoutes(),
    ...sourceRoutes(options),
    ...allowedEventRoutes(options),
  ];
  return [...behindApiKey(routes, createCheckScope(options.apiKeys)), ...movedRoutes()];
}
