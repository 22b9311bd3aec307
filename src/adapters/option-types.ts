// The types of what every adapter is given, for each of them to hand on.
export type { TrustProxy } from './trusted-proxies.js';
export type {
  AdapterOptions,
  CookieNames,
  IdentityFromLinks,
  ReadingOptions,
  VisitorOptions,
} from './visitor-options.js';
