// The types that every adapter exports.
export type { TrustProxy } from './trusted-proxies.js';
export type {
  AdapterOptions,
  CookieNames,
  IdentityFromLinks,
  ReadingOptions,
  VisitorOptions,
} from './visitor-options.js';
export type { VisitorClient } from './visitor-scopes.js';
