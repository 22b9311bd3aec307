/** What is wrong in a form, and where. */
export interface FormError {
  /** The id of the field that is wrong, as far as the message names one. */
  readonly field: string | undefined;
  readonly message: string;
  /** The message without the name of the field, for beside it. */
  readonly reason: string;
}

// A message begins with the path of what is wrong. Some fields of the form hold several values.
const FIELDS: readonly RegExp[] = [
  /^(?:key|name|type|trafficAllocation)$/,
  /^(?:targeting\.visitors|targeting\.urls|metrics\.primary|metrics\.secondary)/,
  /^variants\.\d+\.(?:name|weight)/,
  /^targeting\.query\.\d+\.(?:parameter|operator|value)/,
  /^variants/,
];

/** Finds the field that a message speaks of. */
export function locateError(message: string): FormError {
  const [, path = '', reason = message] = /^(?:experiment )?([\w.]+): (.*)$/s.exec(message) ?? [];
  const field = FIELDS.map((pattern) => pattern.exec(path)?.[0]).find((found) => found !== undefined);
  return { field, message, reason: field === undefined ? message : reason };
}
