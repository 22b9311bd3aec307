import { type StripeConversion, toMoney, toTime } from './conversion.js';
import { tokenIn } from './metadata.js';
import { idOf, type StripeDispute, type StripeEvent, type StripeRefund } from './objects.js';

/**
 * A refund counts once it has succeeded, at its creation or later: a bank transfer is pending for days, and a failed or cancelled
 * refund returns nothing. The payment has the visitor: see `findPayment`.
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

/**
 * A dispute withdraws the money. An inquiry (`warning_…`) does not, but may become a dispute. Its creation reports any other
 * dispute; later changes, up to its being won months later, are no dispute.
 */
export function fromDispute(dispute: StripeDispute, event: StripeEvent): StripeConversion | undefined {
  const { id, amount, currency, metadata, status } = dispute;
  const before = event.data.previous_attributes as { readonly status?: string } | undefined;
  if (takesNoMoney(status) || (before !== undefined && !takesNoMoney(before.status))) return undefined;
  return {
    event: 'dispute',
    eventProperties: { dispute_id: id, ...reversed(dispute), ...toMoney(amount, currency) },
    distinctId: `dispute:${id}`,
    time: timeOf(dispute, event),
    visitorToken: tokenIn(metadata),
  };
}

function takesNoMoney(status: string | undefined): boolean {
  return status?.startsWith('warning_') || status === 'prevented';
}

/** An update that does not change the status, perhaps months later: the refund was reported before. */
function isUnchanged({ data: { previous_attributes } }: StripeEvent): boolean {
  return previous_attributes !== undefined && !('status' in previous_attributes);
}

/** The money moves when the status changes, which may be weeks after the creation. */
function timeOf({ created }: StripeRefund | StripeDispute, { type, created: changed }: StripeEvent): number {
  return toTime(type.endsWith('.created') ? created : changed);
}

function reversed({ payment_intent, charge, reason }: StripeRefund | StripeDispute) {
  return { order_id: idOf(payment_intent) ?? idOf(charge), reason: reason ?? undefined };
}
