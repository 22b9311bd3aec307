import type { SQSRecord } from 'aws-lambda';
import { isOursError, type Visitor } from 'ours-ingest';
import { sqsHandler } from 'ours-ingest/lambda';
import { z } from 'zod';
import type { Ours, ShopEvents } from '../shop/ours.js';

const booking = z.object({ id: z.string() });

// Less than the queue's visibility timeout.
const STORED_TIMEOUT_MS = 8_000;

/**
 * Booked demos from a queue. The booking page puts the visitor's two ids into the message attributes. SQS delivers some messages
 * twice, and retries those whose event was not stored; the `distinctId` makes a booking count once. A message whose event can never
 * be stored succeeds: the queue would retry it for days.
 */
export function createQueue(ours: Ours) {
  return sqsHandler(
    ours,
    async ({ body, attributes, visitor }: SQSRecord & { readonly visitor: Visitor<ShopEvents> }) => {
      const { id } = booking.parse(JSON.parse(body));
      // When it was booked: the message may have waited in the queue.
      const time = Number(attributes.SentTimestamp);
      const receipt = visitor.track('lead', { lead_id: id }, { distinctId: `lead:${id}`, time });
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
