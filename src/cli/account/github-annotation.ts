import type { Check } from '../doctor/check.js';

/** A workflow command by which GitHub Actions shows a failed check beside the code; nothing for one that passed. */
export function githubAnnotation({ check, level, message }: Check, file: string | undefined): string | undefined {
  if (level === 'ok') return undefined;
  const properties = [
    ...(file === undefined ? [] : [`file=${property(file)}`]),
    `title=${property(`ours-ingest: ${check}`)}`,
  ];
  return `::${level} ${properties.join(',')}::${data(`${check} ${message}`)}`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
