// What a value looks like decides, not where it comes from. Each pattern is bounded, so that a search takes time in proportion
// to the text, whatever the text is.

/** What a value looks like. */
export type PersonalKind =
  | 'e-mail address'
  | 'phone number'
  | 'social security number'
  | 'card number'
  | 'medical record number';

interface Finder {
  readonly kind: PersonalKind;
  readonly pattern: RegExp;
  /** Whether a match really is one. @default always */
  readonly holds?: (match: string) => boolean;
  /** The form in which advertising platforms hash it. */
  readonly normalise: (match: string) => string;
}

const digitsOf = (text: string): string => text.replace(/\D/g, '');

/** In the order of precedence: a card number may contain what looks like a phone number. */
const FINDERS: readonly Finder[] = [
  {
    kind: 'e-mail address',
    pattern: /[\p{L}\p{N}._%+'-]{1,64}(?:@|%40)[\p{L}\p{N}.-]{1,190}\.[\p{L}]{2,24}/giu,
    normalise: (match) => match.replace(/%40/, '@').toLowerCase(),
  },
  {
    kind: 'medical record number',
    pattern: /(?<![\p{L}\p{N}])(?:MRN|medical record (?:number|no\.?))[\s:#=.-]{0,4}\d[\d-]{3,14}/giu,
    normalise: digitsOf,
  },
  {
    kind: 'card number',
    // In one piece, or in the groups that are printed on cards.
    pattern: /(?<![\w.+-])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|\d{4}([ -])\d{6}\2\d{4,5})(?![\w-]|\.\d)/g,
    holds: isCardNumber,
    normalise: digitsOf,
  },
  {
    kind: 'social security number',
    pattern: /(?<![\w.-])(?!000|666|9)\d{3}([ -])(?!00)\d{2}\1(?!0000)\d{4}(?![\w-])/g,
    normalise: digitsOf,
  },
  {
    kind: 'phone number',
    // International with `+`, or American in groups. Bare digits are left alone: they are order ids far more often.
    pattern:
      /(?<![\w+])\+[1-9](?:[ ./()-]{0,3}\d){6,14}(?!\d)|(?<![\w.-])(?:1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])[2-9]\d{2}[ .-]\d{4}(?![\w-])/g,
    normalise: (match) => {
      const digits = digitsOf(match);
      return match.startsWith('+') || digits.length === 11 ? `+${digits}` : `+1${digits}`;
    },
  },
];

/** The kind of the first personal value in a text. */
export function findPersonal(text: string): PersonalKind | undefined {
  for (const { kind, pattern, holds } of FINDERS) {
    for (const [match] of text.matchAll(pattern)) {
      if (holds === undefined || holds(match)) return kind;
    }
  }
  return undefined;
}

/** Replaces every personal value in a text. @param replace receives the normalised value */
export function replacePersonal(text: string, replace: (normalised: string) => string): string {
  return FINDERS.reduce(
    (rest, { pattern, holds, normalise }) =>
      rest.replace(pattern, (match) => (holds === undefined || holds(match) ? replace(normalise(match)) : match)),
    text,
  );
}

/** For messages. */
export function withArticle(kind: PersonalKind): string {
  return kind === 'e-mail address' ? `an ${kind}` : `a ${kind}`;
}

/** Issuers' first digits and lengths: Visa, Mastercard, American Express, Discover, JCB, Diners Club. */
const ISSUERS =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]\d\d|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720))\d{12}|3[47]\d{13}|6(?:011|4[4-9]\d|5\d\d)\d{12}|35\d{14}|3(?:0[0-5]|[68]\d)\d{11})$/;

function isCardNumber(match: string): boolean {
  const digits = digitsOf(match);
  return ISSUERS.test(digits) && hasLuhnDigit(digits);
}

/** ISO/IEC 7812-1, annex B. */
function hasLuhnDigit(digits: string): boolean {
  let sum = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits[digits.length - 1 - at]);
    const doubled = at % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
