import type { CollectedEvent, CollectorReport } from 'ours-ingest/collector';
import type { Bought, Ledger } from './ledger.js';

/** Holds what the collector counted against what the visitors wrote down. Empty when every purchase is where it belongs. */
export function audit(report: CollectorReport, ledger: Ledger): string[] {
  return [
    ...auditViews(report, ledger),
    ...auditPurchases(report, ledger),
    ...auditImpressions(report, ledger),
    ...auditVariants(report, ledger),
  ];
}

/** Every visitor opened the home page once. What is tracked just before the answer must not be lost after it. */
function auditViews(report: CollectorReport, { seen }: Ledger): string[] {
  const views = report.events.filter(({ event }) => event.event === 'page_viewed').length;
  return views === seen.size ? [] : [`${seen.size} visitors have opened the home page; ${views} views are counted`];
}

/** Every purchase is there once, with its visitor and its price; and nothing is there that nobody bought. */
function auditPurchases(report: CollectorReport, { bought }: Ledger): string[] {
  const collected = report.events.map(({ event }) => event).filter(({ event }) => event === 'purchase');
  const problems: string[] = [];
  for (const purchase of bought) {
    // By the order's id and not by `distinctId`, which the collector has already used to remove duplicates.
    const found = collected.filter((event) => event.eventProperties?.order_id === purchase.paymentId);
    if (found.length === 0) problems.push(`purchase ${purchase.paymentId} is missing`);
    if (found.length > 1) problems.push(`purchase ${purchase.paymentId} is counted ${found.length} times`);
    if (!found.every((event) => isSame(event, purchase))) {
      problems.push(`purchase ${purchase.paymentId} has not the visitor or the price it was made with`);
    }
  }
  const paymentIds = new Set(bought.map(({ paymentId }) => paymentId));
  for (const { eventProperties } of collected) {
    const orderId = eventProperties?.order_id ?? 'without an id';
    if (!paymentIds.has(orderId)) problems.push(`purchase ${orderId} was never made`);
  }
  return problems;
}

/** Everybody is counted for the variant they saw. */
function auditImpressions(report: CollectorReport, { seen }: Ledger): string[] {
  return report.events.flatMap(({ event: { event, userId = '', eventProperties } }) => {
    const counted = eventProperties?.variant_name;
    const shown = seen.get(userId);
    if (event !== '$experiment_impression' || counted === shown) return [];
    return `a visitor is counted for ${counted} and was shown ${shown ?? 'no variant'}`;
  });
}

/** Each variant has the visitors who saw it, and of those who bought each one once. */
function auditVariants(report: CollectorReport, { seen, bought }: Ledger): string[] {
  const buyers = [...new Set(bought.map(({ visitorId }) => visitorId))];
  return report.experiments.flatMap(({ variants }) =>
    variants.flatMap(({ name, impressions, conversions }) => {
      const visitors = [...seen.values()].filter((variant) => variant === name).length;
      const converted = buyers.filter((id) => seen.get(id) === name).length;
      return [
        ...(impressions === visitors ? [] : [`${name} was seen by ${visitors} visitors; ${impressions} are counted`]),
        ...(conversions === converted ? [] : [`${name} had ${converted} buyers; ${conversions} are counted`]),
      ];
    }),
  );
}

function isSame({ userId, eventProperties }: CollectedEvent, { visitorId, value, currency }: Bought): boolean {
  return (
    userId === visitorId &&
    eventProperties?.value === String(value) &&
    eventProperties.currency === currency.toUpperCase()
  );
}
