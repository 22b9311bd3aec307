import { type StripeConversion, toMoney, toTime } from './conversion.js';
import { tokenIn } from './metadata.js';
import { idOf, type StripeDispute, type StripeEvent, type StripeRefund } from './objects.js';

/**
 * A refund counts once it has succeeded, at its creation or later: a bank transfer is pending for days, and a failed or cancelled
 * refund returns nothing. The visitor of a refund or a dispute is known to the payment: see `findToken`.
 */
export function fromRefund(refund: StripeRefund, event: StripeEvent): StripeConversion | undefined {
  const { id, amount, currency, metadata, status } = refund;
  if (isUnchanged(event) || (status ?? 'succeeded') !== 'succeeded') return undefined;
  return {
    event: 'refund',
    eventProperties: { refund_id: id, ...reversed(refund), ...toMoney(amount, currency) },
    distinctId: `refund:${id}`,
    time: timeOf(refund, event),
    visitorToken: tokenIn(metadata),
  };
}

/** A dispute takes the money away. An inquiry, of a status `warning_…`, does not, and may become a dispute. */
export function fromDispute(dispute: StripeDispute, event: StripeEvent): StripeConversion | undefined {
  const { id, amount, currency, metadata, status } = dispute;
  if (isUnchanged(event) || status?.startsWith('warning_') || status === 'prevented') return undefined;
  return {
    event: 'dispute',
    eventProperties: { dispute_id: id, ...reversed(dispute), ...toMoney(amount, currency) },
    distinctId: `dispute:${id}`,
    time: timeOf(dispute, event),
    visitorToken: tokenIn(metadata),
  };
}

/** An update of something else than the status, perhaps months later: what there is to report was reported. */
function isUnchanged({ data: { previous_attributes } }: StripeEvent): boolean {
  return previous_attributes !== undefined && !('status' in previous_attributes);
}

/** An object that waited for weeks has an old creation time: the money moved when its status changed. */
function timeOf({ created }: StripeRefund | StripeDispute, { type, created: changed }: StripeEvent): number {
  return toTime(type.endsWith('.created') ? created : changed);
}

function reversed({ payment_intent, charge, reason }: StripeRefund | StripeDispute) {
  return { order_id: idOf(payment_intent) ?? idOf(charge), reason: reason ?? undefined };
}
