/** What an error says, also one that says it only by its code or by those it stands for. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.message || (error as { readonly code?: string }).code || error.name;
}
