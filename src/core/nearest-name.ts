/** The known name with the smallest edit distance, if only a few letters differ. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const folded = name.toLowerCase();
  // A quarter of the letters, and at least two. With more it is a different word.
  let least = Math.max(2, Math.floor(name.length / 4)) + 1;
  let nearest: string | undefined;
  for (const candidate of known) {
    const distance = editDistance(folded, candidate.toLowerCase());
    if (distance >= least || distance >= name.length) continue;
    least = distance;
    nearest = candidate;
  }
  return nearest;
}

/** The number of letters to insert, delete, replace, or swap with their neighbour. */
function editDistance(left: string, right: string): number {
  const rows: number[][] = [Array.from({ length: right.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const isSame = left[row - 1] === right[column - 1];
      const isSwapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      current.push(
        Math.min(
          current[column - 1]! + 1,
          rows[row - 1]![column]! + 1,
          rows[row - 1]![column - 1]! + (isSame ? 0 : 1),
          isSwapped ? rows[row - 2]![column - 2]! + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    rows.push(current);
  }
  return rows.at(-1)!.at(-1)!;
}
