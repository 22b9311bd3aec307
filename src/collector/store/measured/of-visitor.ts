/** A row with its visitor. */
export type OfVisitor<Row> = Row & { readonly visitor: number };

/** Groups rows by visitor, in their order. */
export function byVisitor<Row extends { readonly visitor: number }>(rows: readonly Row[]): Map<number, Row[]> {
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.visitor);
    if (group === undefined) groups.set(row.visitor, [row]);
    else group.push(row);
  }
  return groups;
}
