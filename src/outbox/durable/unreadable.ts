/** Why a stored record cannot be read. */
export interface Unreadable {
  /** Its key is missing, it should be sealed and is not, or it is damaged. */
  readonly why: 'no_key' | 'not_sealed' | 'damaged';
  /** A clause that begins with "it". */
  readonly message: string;
}

export function isUnreadable(value: object | string): value is Unreadable {
  return typeof value === 'object' && 'why' in value;
}

export function damaged(message: string): Unreadable {
  return { why: 'damaged', message };
}
