import { z } from 'zod';
import type { WireAssignmentAnswer, WireBatchAnswer, WireBatchRow, WirePersonalizations } from '../../protocol/wire.js';

// What the API answers. The collector does not check itself by these: they are what its description tells.

const yes = z.literal(true);
const no = z.literal(false);
const text = z.string();
const maybeText = text.nullable().exactOptional();

/** Taken. */
export const successSchema: z.ZodType<{ success: true }> = z.object({ success: yes });

const batchRow: z.ZodType<WireBatchRow> = z.union([
  z.object({ index: z.int().min(0), success: yes }),
  z.object({ index: z.int().min(0), success: no, code: z.enum(['invalid_event', 'queue_failed']), message: text }),
]);

/** What became of a batch, with a line for each row. */
export const batchAnswerSchema: z.ZodType<WireBatchAnswer> = z.object({
  success: z.boolean(),
  accepted: z.int().min(0),
  failed: z.int().min(0),
  results: z.array(batchRow),
});

/** In the experiment or not in it, which is not the control. */
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

/** What a visitor was given in experiments of type `personalization`. */
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

/** A refusal of the whole request: nothing was taken. */
export const refusalSchema: z.ZodType<{ success: false; error: string }> = z.object({ success: no, error: text });

/** The same for a request that is too large, with what would have been taken: rows where they were too many, else bytes. */
export const tooLargeSchema: z.ZodType<{ success: false; error: string; limit: number }> = z.object({
  success: no,
  error: text,
  limit: z.int().min(1),
});
