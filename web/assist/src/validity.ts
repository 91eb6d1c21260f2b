/** Whether a number is well formed, told to the helper in place of the number itself. Computed here and nowhere else. */

export type NumberKind = 'id' | 'phone' | 'card';
/** What is wrong; `ok` when nothing is. */
export type Verdict = 'ok' | 'short' | 'long' | 'letters' | 'date' | 'check';

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** An identity card's number: 18 places, a real date, and the check by ISO 7064 MOD 11-2 (GB 11643). */
export function checkId(text: string): Verdict {
  const number = plain(text).toUpperCase();
  if (!/^\d*X?$/.test(number)) return 'letters';
  if (number.length < 18) return 'short';
  if (number.length > 18) return 'long';
  const [year, month, day] = [Number(number.slice(6, 10)), Number(number.slice(10, 12)), Number(number.slice(12, 14))];
  const date = new Date(Date.UTC(year, month - 1, day));
  const real = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!real || year < 1900) return 'date';
  const sum = WEIGHTS.reduce((total, weight, at) => total + weight * Number(number[at]), 0);
  return '10X98765432'[sum % 11] === number[17] ? 'ok' : 'check';
}

export function checkPhone(text: string): Verdict {
  const number = plain(text).replace(/^\+?86/, '');
  if (!/^\d*$/.test(number)) return 'letters';
  if (number.length < 11) return 'short';
  if (number.length > 11) return 'long';
  return /^1[3-9]/.test(number) ? 'ok' : 'check';
}

/** A bank card's number: 16 to 19 digits with Luhn's check (ISO/IEC 7812). */
export function checkCard(text: string): Verdict {
  const number = plain(text);
  if (!/^\d*$/.test(number)) return 'letters';
  if (number.length < 16) return 'short';
  if (number.length > 19) return 'long';
  let sum = 0;
  for (let at = 0; at < number.length; at += 1) {
    const digit = Number(number[number.length - 1 - at]);
    sum += at % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2;
  }
  return sum % 10 === 0 ? 'ok' : 'check';
}

export function check(kind: NumberKind, text: string): Verdict {
  return kind === 'id' ? checkId(text) : kind === 'phone' ? checkPhone(text) : checkCard(text);
}

export function plain(text: string): string {
  return text.replace(/[\s-]/g, '');
}
