const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"';
const VALUE = '[+-]?(?:\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?|Inf|NaN)';
const HELP = new RegExp(`^# HELP (${NAME}) (?:[^\\\\]|\\\\[\\\\n])*$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge)$`);
const SAMPLE = new RegExp(`^(${NAME})(\\{${LABEL}(?:,${LABEL})*\\})? (${VALUE})$`);

/**
 * Reads Prometheus' text format as strictly as can be: each metric is HELP, TYPE and its samples, once, and nothing is
 * between. https://prometheus.io/docs/instrumenting/exposition_formats/
 *
 * @throws {Error} naming the line
 */
export function readPrometheus(text: string): Map<string, number> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const samples = new Map<string, number>();
  const seen = new Set<string>();
  let current = '';
  let awaitsType = false;
  for (const line of text.slice(0, -1).split('\n')) {
    const help = HELP.exec(line)?.[1];
    const type = TYPE.exec(line);
    const sample = SAMPLE.exec(line);
    if (help !== undefined && !awaitsType && !seen.has(help)) {
      seen.add(help);
      current = help;
      awaitsType = true;
    } else if (type !== null && awaitsType && type[1] === current) {
      awaitsType = false;
      if ((type[2] === 'counter') !== current.endsWith('_total')) throw new Error(`${current} is no ${type[2]}`);
    } else if (sample !== null && !awaitsType && sample[1] === current) {
      const key = `${sample[1]}${sample[2] ?? ''}`;
      if (samples.has(key)) throw new Error(`twice: ${line}`);
      samples.set(key, Number(sample[3]));
    } else {
      throw new Error(`out of place: ${line}`);
    }
  }
  return samples;
}
