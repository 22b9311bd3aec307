import { existsSync, readFileSync } from 'node:fs';
import { type Mutant, mutantsOf } from './mutate.js';

/** A mutant that no test can kill, because nobody can tell it from the original by what it does. */
export interface Explained {
  readonly file: string;
  /** The line as it stands in the source, without its indentation. */
  readonly code: string;
  /** The same with the mutant in it, as the report prints it. */
  readonly mutated: string;
  readonly why: string;
}

export const EXPLAINED: readonly Explained[] = [
  {
    file: 'src/protocol/json-bytes.ts',
    code: 'this.makeRoom(length * UNIT_BYTES + 3);',
    mutated: 'this.makeRoom(length * UNIT_BYTES + 4);',
    why: 'One byte more of room is reserved than is written; the text is the same.',
  },
  {
    file: 'src/webhooks/stripe/stripe-webhook.ts',
    code: "const event = await webhooks.constructEventAsync(body, headers['stripe-signature'] ?? '', secret);",
    mutated: "const event = await webhooks.constructEventAsync(body, headers['stripe-signature'], secret);",
    why: "Stripe's package refuses a missing signature and an empty one with the same error; its types want a string.",
  },
];

export function explanationOf(mutant: Mutant): Explained | undefined {
  return EXPLAINED.find((explained) => isAbout(explained, mutant));
}

/** Those whose line or mutant is gone: the code has changed, and what was said of it may be wrong. */
export function staleExplanations(): readonly Explained[] {
  return EXPLAINED.filter((explained) => {
    const { file } = explained;
    return (
      !existsSync(file) || !mutantsOf(file, readFileSync(file, 'utf8')).some((mutant) => isAbout(explained, mutant))
    );
  });
}

function isAbout(explained: Explained, { file, code, mutated }: Mutant): boolean {
  return explained.file === file && explained.code === code && explained.mutated === mutated;
}
