import type { CollectedEvent, CollectorReport, EventLine } from 'ours-ingest/collector';
import type { Bought, Ledger } from './ledger.js';

/** Compares the collector's counts with what the visitors recorded. Empty if all are correct. */
export function audit(report: CollectorReport, ledger: Ledger): string[] {
  const events = report.events;
  return [
    ...auditViews(events, ledger),
    ...auditPurchases(events, ledger),
    ...auditImpressions(events, ledger),
    ...auditVariants(report, ledger),
  ];
}

/** Every visitor opened the home page once. An event tracked just before the response must not be lost. */
function auditViews(events: readonly EventLine[], { seen }: Ledger): string[] {
  const views = events.filter(({ event }) => event.event === 'page_viewed').length;
  return views === seen.size ? [] : [`${seen.size} visitors opened the home page; ${views} views arrived`];
}

/** Every purchase arrived once, with its visitor and its price, and no other. */
function auditPurchases(events: readonly EventLine[], { bought }: Ledger): string[] {
  const collected = events.map(({ event }) => event).filter(({ event }) => event === 'purchase');
  const problems: string[] = [];
  for (const purchase of bought) {
    // By the order's id, not by `distinctId`, with which the collector removes duplicates.
    const found = collected.filter((event) => event.eventProperties?.order_id === purchase.paymentId);
    if (found.length === 0) problems.push(`purchase ${purchase.paymentId} is missing`);
    if (found.length > 1) problems.push(`purchase ${purchase.paymentId} arrived ${found.length} times`);
    if (!found.every((event) => isSame(event, purchase))) {
      problems.push(`purchase ${purchase.paymentId} has the wrong visitor or price`);
    }
  }
  const paymentIds = new Set(bought.map(({ paymentId }) => paymentId));
  for (const { eventProperties } of collected) {
    const orderId = eventProperties?.order_id ?? 'without an id';
    if (!paymentIds.has(orderId)) problems.push(`purchase ${orderId} was never made`);
  }
  return problems;
}

/** Every visitor was counted for the variant they saw. */
function auditImpressions(events: readonly EventLine[], { seen }: Ledger): string[] {
  return events.flatMap(({ event: { event, userId = '', eventProperties } }) => {
    const counted = eventProperties?.variant_name;
    const shown = seen.get(userId);
    if (event !== '$experiment_impression' || counted === shown) return [];
    return `a visitor was counted for ${counted} but saw ${shown ?? 'no variant'}`;
  });
}

/** Each variant has the visitors who saw it, and one conversion for each of them who bought: every visitor has one session. */
function auditVariants(report: CollectorReport, { seen, bought }: Ledger): string[] {
  const buyers = [...new Set(bought.map(({ visitorId }) => visitorId))];
  return report.experiments.flatMap(({ variants }) =>
    variants.flatMap(({ name, impressions, conversions }) => {
      const visitors = [...seen.values()].filter((variant) => variant === name).length;
      const converted = buyers.filter((id) => seen.get(id) === name).length;
      return [
        ...(impressions === visitors ? [] : [`${name} was seen by ${visitors} visitors; ${impressions} were counted`]),
        ...(conversions === converted ? [] : [`${name} had ${converted} buyers; ${conversions} were counted`]),
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
