/** The id that GitHub gives a heading, so that a link to it works there and on the documentation site. */
export function headingId(heading: string): string {
  const words = heading.trim().toLowerCase();
  return words.replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '').replaceAll(' ', '-');
}
