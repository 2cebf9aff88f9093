// Amounts are integers of minor units. They are added up by the arithmetic of the service; here they are only read and shown.
import { till } from './till.js';

let numbers: { currency: string; format: Intl.NumberFormat; digits: number } | undefined;

function ofCurrency(): NonNullable<typeof numbers> {
  const { currency } = till.profile;
  if (numbers?.currency === currency) return numbers;
  const { maximumFractionDigits: digits = 2 } = new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
  }).resolvedOptions();
  const format = new Intl.NumberFormat('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (numbers = { currency, format, digits });
}

/** `125000` as "1,250.00". */
export function plain(minor: number): string {
  const { format, digits } = ofCurrency();
  return format.format(minor / 10 ** digits);
}

export const money = (minor: number): string => `${till.profile.currency} ${plain(minor)}`;

/** "1,250.5" as 125050; undefined when it is no amount. */
export function parseMoney(text: string): number | undefined {
  const { digits } = ofCurrency();
  const match = /^(\d{1,12})(?:\.(\d+))?$/.exec(text.replace(/[\s,]/g, ''));
  if (!match || (match[2] ?? '').length > digits) return undefined;
  return Number(match[1] + (match[2] ?? '').padEnd(digits, '0'));
}
