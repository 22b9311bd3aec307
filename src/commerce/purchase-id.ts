import { toBase64Url } from '../core/base64url.js';
import { checkOptionNames, failOption } from '../core/check-option.js';
import { typeName } from '../core/refusal.js';
import { HOW_TO_MAKE, isPattern } from '../core/secret-key.js';
import { fieldNames } from '../core/unknown-names.js';
import { toBytes } from '../protocol/bytes.js';

/** A reference to an object of the payment provider: its id, or the object itself. */
type Ref = string | { readonly id: string };

/**
 * A payment: its id, or a Stripe object. A Checkout session and a charge are resolved to their payment, so a page with the session
 * and a webhook with the charge produce the same id.
 */
export type Payment =
  | string
  | {
      readonly id: string;
      /** Stripe's type of the object, such as `checkout.session`. */
      readonly object?: string | undefined;
      readonly payment_intent?: Ref | null | undefined;
      readonly invoice?: Ref | null | undefined;
    };

/** The options of a keyed id. */
export interface PurchaseIdOptions {
  /** Known only to your servers: a string of at least 16 characters, or as many bytes. Generate one with `openssl rand -base64 32`. */
  readonly secret: string | Uint8Array;
  /**
   * The source of the id, such as `shopify`. Set it if several shops or providers share a secret: each numbers its orders from 1.
   * @default only the id is keyed
   */
  readonly provider?: string | undefined;
}

const MIN_SECRET_LENGTH = 16;
/** The minimum of different characters; any real secret has more. */
const MIN_DIFFERENT = 8;

/**
 * The `distinctId` of a purchase. If page and webhook both report the purchase with it, the purchase counts once, whichever comes
 * first. This package's webhooks use it too. Runs in browsers and on servers.
 *
 * The first event with an id wins, and a browser's token is public. If ids can be guessed, such as order numbers, an attacker could
 * send junk events with the next thousand ids, and those purchases would be lost. Pass a `secret` for such ids, only on the server, and
 * send the result to the page. Random ids, such as Stripe's `pi_…` or a UUID, need no secret.
 *
 * @throws {OursError} `invalid_option` if the payment has no id
 */
export function purchaseId(payment: Payment): string;
/**
 * A keyed hash (HMAC-SHA-256 of provider and payment id): it does not reveal the payment's id and cannot be guessed.
 *
 * @throws {OursError} as a rejection: `invalid_option` if the payment has no id, or the secret is too short or can be guessed
 */
export function purchaseId(payment: Payment, options: PurchaseIdOptions): Promise<string>;
export function purchaseId(payment: Payment, options?: PurchaseIdOptions): string | Promise<string> {
  return options === undefined ? `purchase:${paymentIdOf(payment)}` : keyedId(payment, options);
}

/** The id that all objects of a payment share. */
export function paymentIdOf(payment: Payment): string {
  const id: unknown = typeof payment === 'object' && payment !== null ? idInObject(payment) : payment;
  if (typeof id === 'string' && id.trim() !== '') return id;
  const got = typeof id === 'string' ? 'a blank string' : typeName(id);
  const advice = typeof id === 'number' || typeof id === 'bigint' ? ' Pass String(id).' : '';
  failOption(`purchaseId needs the payment's id as a string, or the payment with its id; got ${got}.${advice}`);
}

function idInObject({ id, object, payment_intent, invoice }: Exclude<Payment, string>): string {
  // An invoice of an older API version also has a payment intent, but is reported under its own id.
  if (object === 'invoice') return id;
  // A session in subscription mode has no payment intent; its invoice is the payment.
  return idOf(payment_intent) ?? (object === 'checkout.session' ? idOf(invoice) : undefined) ?? id;
}

function idOf(ref: Ref | null | undefined): string | undefined {
  return typeof ref === 'object' ? ref?.id : ref;
}

const OPTIONS = fieldNames<PurchaseIdOptions>({ secret: 1, provider: 1 });

async function keyedId(payment: Payment, options: PurchaseIdOptions): Promise<string> {
  if (typeof options !== 'object' || options === null) {
    failOption(`purchaseId takes { secret, provider }; got ${typeName(options)}.`);
  }
  checkOptionNames('purchaseId', options, OPTIONS);
  const { secret, provider } = options;
  const key = typeof secret === 'string' ? toBytes(secret) : secret;
  if (!(key instanceof Uint8Array) || secret.length < MIN_SECRET_LENGTH) {
    failOption(`purchaseId needs a secret of at least ${MIN_SECRET_LENGTH} characters or bytes. ${HOW_TO_MAKE}`);
  }
  if (isPattern(key, MIN_DIFFERENT)) {
    failOption(`purchaseId needs a secret that cannot be guessed, and this one follows a pattern. ${HOW_TO_MAKE}`);
  }
  if (provider !== undefined && (typeof provider !== 'string' || !PROVIDER.test(provider))) {
    failOption("purchaseId needs a provider of letters, digits, '-' and '_', such as shopify.");
  }
  const { subtle } = globalThis.crypto;
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const hmacKey = await subtle.importKey('raw', new Uint8Array(key), algorithm, false, ['sign']);
  const subject = provider === undefined ? purchaseId(payment) : `purchase:${provider}:${paymentIdOf(payment)}`;
  const mac = new Uint8Array(await subtle.sign('HMAC', hmacKey, toBytes(subject)));
  return `purchase:${toBase64Url(mac)}`;
}

// No colon: it separates the provider from the payment's id.
const PROVIDER = /^[\w-]+$/;
