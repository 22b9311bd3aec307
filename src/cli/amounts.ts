const amounts = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** 1536 → 1.5 KiB */
export function bytesInWords(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1024 ** 2 ? `${amounts.format(bytes / 1024)} KiB` : `${amounts.format(bytes / 1024 ** 2)} MiB`;
}

/** The two largest units: 200000 → 3 min 20 s */
export function durationInWords(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first < 0) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}

/** `about `, before a number of an estimated state. */
export function about({ isEstimated }: { readonly isEstimated?: boolean | undefined }): string {
  return isEstimated ? 'about ' : '';
}
