/** A share of 0–1 in percent: `4.37 %`, `12.5 %`. */
export function percent(share: number): string {
  const value = share * 100;
  return unit(value.toFixed(value < 10 ? 2 : 1), '%');
}

/** A configured share: `50 %`, `33.33 %`. */
export function setting(share: number): string {
  return unit(String(Number((share * 100).toFixed(2))), '%');
}

/** A probability of 0–1, never rounded to 0 or 1. */
export function probability(value: number): string {
  if (value > 0.999) return unit(unit('>', '99.9'), '%');
  if (value < 0.001) return unit(unit('<', '0.1'), '%');
  return unit((value * 100).toFixed(1), '%');
}

/** A difference of two rates in percentage points: `0.021 pp`. */
export function points(difference: number): string {
  const value = difference * 100;
  return value < 0.0001 ? unit(unit('<', '0.0001'), 'pp') : unit(String(Number(value.toPrecision(2))), 'pp');
}

/** Keeps a number and its unit on one line. */
function unit(value: string, name: string): string {
  return `${value}\u00A0${name}`;
}
