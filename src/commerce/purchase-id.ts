import { toBase64Url } from '../core/base64url.js';
import { checkOptionNames, failOption } from '../core/check-option.js';
import { OursError } from '../core/errors.js';
import { typeName } from '../core/refusal.js';
import { HOW_TO_MAKE, isPattern } from '../core/secret-key.js';
import { fieldNames } from '../core/unknown-names.js';
import { toBytes } from '../protocol/bytes.js';

/** A reference to an object of the payment provider: its id, or the object itself. */
type Ref = string | { readonly id: string };

/**
 * What was paid: its id, or an object of Stripe's. A Checkout session and a charge stand for their payment, so the page
 * that has the session and the webhook that has the charge name the same purchase.
 */
export type Payment =
  | string
  | {
      readonly id: string;
      /** Stripe's name of the kind of object, such as `checkout.session`. */
      readonly object?: string | undefined;
      readonly payment_intent?: Ref | null | undefined;
      readonly invoice?: Ref | null | undefined;
    };

/** How a keyed id is built. */
export interface PurchaseIdOptions {
  /** Known to your servers only: a string of at least 16 characters, or as many bytes. `openssl rand -base64 32` makes one. */
  readonly secret: string | Uint8Array;
  /**
   * Whose id it is, such as `shopify`. Needed where several shops or providers share one secret: each counts its orders from 1.
   * @default the id alone is keyed
   */
  readonly provider?: string | undefined;
}

const MIN_SECRET_LENGTH = 16;
/** Characters of a secret that must differ: any text that was meant as one has as many. */
const MIN_DIFFERENT = 8;

/**
 * The `distinctId` of a purchase. Report a purchase under it from the page and from the webhook, and it counts once, whichever
 * comes first. It is also the one under which this package's webhooks report purchases. Runs in browsers and on servers.
 *
 * The first event under an id wins, and a browser's token is public: with ids that can be guessed, such as order numbers, a
 * stranger could report junk under the next thousand of them, and the purchases would be lost. Give a `secret` for those, on the
 * server only, and hand the finished id to the page. Random ids, such as Stripe's `pi_…` or a UUID, cannot be guessed and need none.
 *
 * @throws {OursError} `invalid_option` for a payment without an id
 */
export function purchaseId(payment: Payment): string;
/**
 * The same as a keyed hash (HMAC-SHA-256 over provider and payment id): it reveals nothing of the payment's id and cannot be
 * guessed.
 *
 * @throws {OursError} as a rejection: `invalid_option` for a payment without an id, or a secret that is too short or can be guessed
 */
export function purchaseId(payment: Payment, options: PurchaseIdOptions): Promise<string>;
export function purchaseId(payment: Payment, options?: PurchaseIdOptions): string | Promise<string> {
  return options === undefined ? `purchase:${paymentIdOf(payment)}` : keyedId(payment, options);
}

/** The id that all objects of one payment agree on. */
export function paymentIdOf(payment: Payment): string {
  const id: unknown = typeof payment === 'object' && payment !== null ? idInObject(payment) : payment;
  if (typeof id === 'string' && id.trim() !== '') return id;
  const came = typeof id === 'string' ? 'a blank string' : typeName(id);
  const advice = typeof id === 'number' || typeof id === 'bigint' ? ' Pass String(id).' : '';
  throw new OursError(
    'invalid_option',
    `purchaseId needs the payment's id as a string, or the payment with its id; got ${came}.${advice}`,
  );
}

function idInObject({ id, object, payment_intent, invoice }: Exclude<Payment, string>): string {
  // An invoice of an older API version has a payment intent too, but is reported under its own id.
  if (object === 'invoice') return id;
  // A session in subscription mode has no payment intent: its invoice tells what was paid.
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
    throw new OursError(
      'invalid_option',
      "purchaseId needs a provider of letters, digits, '-' and '_', such as shopify.",
    );
  }
  const { subtle } = globalThis.crypto;
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const hmacKey = await subtle.importKey('raw', new Uint8Array(key), algorithm, false, ['sign']);
  const subject = provider === undefined ? purchaseId(payment) : `purchase:${provider}:${paymentIdOf(payment)}`;
  const mac = new Uint8Array(await subtle.sign('HMAC', hmacKey, toBytes(subject)));
  return `purchase:${toBase64Url(mac)}`;
}

// No colon: it ends where the payment's id begins.
const PROVIDER = /^[\w-]+$/;
