import type { SQSRecord } from 'aws-lambda';
import { isOursError, type Visitor } from 'ours-ingest';
import { sqsHandler } from 'ours-ingest/lambda';
import { z } from 'zod';
import type { Ours, ShopEvents } from '../shop/ours.js';

const booking = z.object({ id: z.string() });

// Less than the queue's visibility timeout.
const STORED_TIMEOUT_MS = 8_000;

/**
 * Demos that were booked, from a queue; the booking page has put the visitor's two ids into the message's attributes. SQS
 * delivers some messages twice, and again those whose event is not safe: by its id a booking counts once. A message whose event
 * can never be stored is done with: the queue would repeat it for days.
 */
export function createQueue(ours: Ours) {
  return sqsHandler(
    ours,
    async ({ body, visitor }: SQSRecord & { readonly visitor: Visitor<ShopEvents> }) => {
      const { id } = booking.parse(JSON.parse(body));
      const receipt = visitor.track('lead', { lead_id: id }, { distinctId: `lead:${id}` });
      try {
        await receipt.stored({ timeoutMs: STORED_TIMEOUT_MS });
      } catch (error) {
        if (!isOursError(error) || error.retryable) throw error;
        console.error(`A booking is not reported: ${error.message}`);
      }
    },
    {
      visitorOf: ({ messageAttributes: { visitor, session } }) => ({
        userId: visitor?.stringValue,
        sessionId: session?.stringValue,
      }),
    },
  );
}
