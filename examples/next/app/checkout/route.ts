import { visitorMetadata } from 'ours-ingest/stripe';
import { order } from '../../../shop/order';
import { thanksPage } from '../../../shop/pages';
import { PRICES } from '../../../shop/prices';
import { VISITOR_KEY } from '../../lib/env';
import { requestHandler } from '../../lib/ours';
import { stripe } from '../../lib/stripe';

export const POST = requestHandler(async (request) => {
  const parsed = order.safeParse(Object.fromEntries(await request.formData()));
  if (!parsed.success) return new Response(null, { status: 400 });
  const { currency } = parsed.data;
  const payment = await stripe.paymentIntents.create({
    amount: PRICES[currency],
    currency,
    payment_method: 'pm_card_visa',
    confirm: true,
    metadata: { ...(await visitorMetadata(request.visitor, [VISITOR_KEY])) },
  });
  return new Response(thanksPage(payment.id), { headers: { 'content-type': 'text/html; charset=utf-8' } });
});
