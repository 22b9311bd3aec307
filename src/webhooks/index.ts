export type { SecretKey as VisitorKey } from '../core/secret-key.js';
export type { Conversion, ConversionSink, WebhookIdentity } from './conversion.js';
export type { WebhookAnswer } from './endpoint.js';
export type { HeadersLike, IncomingWebhook, RawWebhook } from './incoming.js';
export { fromMinorUnits } from './minor-units.js';
export { type StandardVerifier, type StandardWebhookOptions, standardWebhook } from './standard.js';
export type { TokenVisitor } from './token/layout.js';
export { type NoVisitorReason, type OpenedVisitor, type OpenOptions, openVisitor } from './token/open-visitor.js';
export { type SealableVisitor, type SealOptions, sealVisitor, type TokenScope } from './token/seal-visitor.js';
export {
  createWebhook,
  type FastifyReplyLike,
  type NodeRequestLike,
  type NodeResponseLike,
  type Webhook,
} from './webhook.js';
export type { ReportingOptions, WebhookOptions } from './webhook-options.js';
