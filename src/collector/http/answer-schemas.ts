import { z } from 'zod';
import type { WireAssignmentAnswer, WireBatchAnswer, WireBatchRow, WirePersonalizations } from '../../protocol/wire.js';

// The answers of the API, for its OpenAPI description only. The collector does not validate its answers.

const yes = z.literal(true);
const no = z.literal(false);
const text = z.string();
const maybeText = text.nullable().exactOptional();

/** The event was accepted. */
export const successSchema: z.ZodType<{ success: true }> = z.object({ success: yes });

const batchRow: z.ZodType<WireBatchRow> = z.union([
  z.object({ index: z.int().min(0), success: yes }),
  z.object({ index: z.int().min(0), success: no, code: z.enum(['invalid_event', 'queue_failed']), message: text }),
]);

/** The result of a batch, row by row. */
export const batchAnswerSchema: z.ZodType<WireBatchAnswer> = z.object({
  success: z.boolean(),
  accepted: z.int().min(0),
  failed: z.int().min(0),
  results: z.array(batchRow),
});

/** The assigned variant, or not in the experiment, which is different from the control. */
export const assignmentAnswerSchema: z.ZodType<WireAssignmentAnswer> = z.union([
  z.object({
    success: yes,
    in_experiment: yes,
    experiment_id: text,
    variant_id: text,
    experiment_key: maybeText,
    experiment_name: maybeText,
    variant_name: maybeText,
    is_control: z.boolean().nullable().exactOptional(),
    type: maybeText,
    redirect: maybeText,
  }),
  z.object({ success: yes, in_experiment: no }),
]);

/** The visitor's variants in experiments of type `personalization`. */
export const personalizationsSchema: z.ZodType<WirePersonalizations> = z.object({
  success: yes,
  properties: z.record(z.string(), z.unknown()),
  personalizations: z.array(
    z.object({
      assigned_at: z.int(),
      experiment_id: text,
      experiment_key: maybeText,
      experiment_name: maybeText,
      variant_id: text,
      variant_name: maybeText,
    }),
  ),
});

/** A refusal of the whole request. */
export const refusalSchema: z.ZodType<{ success: false; error: string }> = z.object({ success: no, error: text });

/** The refusal of a request that is too large, with the limit: in rows if there were too many, otherwise in bytes. */
export const tooLargeSchema: z.ZodType<{ success: false; error: string; limit: number }> = z.object({
  success: no,
  error: text,
  limit: z.int().min(1),
});
