/** A text table: the first column is left-aligned, the numbers are right-aligned. */
export function formatTable(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const lines = [header, ...rows].map((row) => row.map(String));
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const format = (line: string[]): string =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('   ');
  const rule = widths.map((width) => '─'.repeat(width)).join('───');
  return [format(lines[0] ?? []), rule, ...lines.slice(1).map(format)].map((line) => `  ${line}`).join('\n');
}

/** 0.4132 as `41.3 %`. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
