// The rules of pos/arithmetic. BigInt where a product may leave 53 bits.
import { Problem } from './problem.js';

const quantityScale = 10_000n;
const rateScale = 1_000_000n;

export function parseQuantity(text) {
  const [whole, fraction = ''] = text.split('.');
  return BigInt(whole) * quantityScale + BigInt(fraction.padEnd(4, '0'));
}

export function formatQuantity(tenThousandths) {
  const magnitude = tenThousandths < 0n ? -tenThousandths : tenThousandths;
  const fraction = (magnitude % quantityScale).toString().padStart(4, '0').replace(/0+$/, '');
  const text = fraction ? `${magnitude / quantityScale}.${fraction}` : `${magnitude / quantityScale}`;
  return tenThousandths < 0n ? `-${text}` : text;
}

// Half away from zero; both are >= 0 here.
const divideRounded = (numerator, denominator) => (2n * numerator + denominator) / (2n * denominator);

function splitByLargestRemainder(total, weights) {
  if (total === 0n) return weights.map(() => 0n);
  const sum = weights.reduce((a, { value }) => a + value, 0n);
  const shares = weights.map(({ value }) => (total * value) / sum);
  let left = total - shares.reduce((a, b) => a + b, 0n);
  const byRemainder = weights
    .map(({ value, lineNumber }, index) => ({ remainder: (total * value) % sum, lineNumber, index }))
    .sort((a, b) => (a.remainder === b.remainder ? a.lineNumber - b.lineNumber : a.remainder > b.remainder ? -1 : 1));
  for (let i = 0; left > 0n; ++i, --left) shares[byRemainder[i].index] += 1n;
  return shares;
}

const inconsistent = (detail) =>
  new Problem(422, 'sale.inconsistent', 'The sale does not agree with itself', { detail });

function taxOf(value, { taxInclusive, taxRatePpm }) {
  const rate = BigInt(taxRatePpm);
  return divideRounded(value * rate, taxInclusive ? rateScale + rate : rateScale);
}

function setTax(line, tax) {
  line.tax = tax;
  line.net = line.taxInclusive ? line.value - tax : line.value;
}

function compareGroups(a, b) {
  if (a.taxCode !== b.taxCode) return a.taxCode < b.taxCode ? -1 : 1;
  return a.taxRatePpm - b.taxRatePpm || Number(a.taxInclusive) - Number(b.taxInclusive);
}

function groupsOf(lines) {
  const groups = new Map();
  for (const line of lines) {
    const key = `${line.taxCode}\n${line.taxRatePpm}\n${line.taxInclusive}`;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(line);
  }
  return [...groups.values()].sort(([a], [b]) => compareGroups(a, b));
}

const weightsOf = (lines) => lines.map(({ value, lineNumber }) => ({ value, lineNumber }));

export function computeSale(sale, rounding) {
  if (new Set(sale.lines.map((line) => line.lineNumber)).size < sale.lines.length) {
    throw inconsistent('two lines have the same number');
  }
  const lines = sale.lines.map((line) => {
    const gross = divideRounded(BigInt(line.unitPrice) * parseQuantity(line.quantity), quantityScale);
    const discount = BigInt(line.discount);
    if (discount > gross) throw inconsistent('a line discount is below zero or above the line');
    return { ...line, gross, discount, value: gross - discount };
  });

  const orderDiscount = BigInt(sale.orderDiscount);
  if (orderDiscount > lines.reduce((sum, line) => sum + line.value, 0n)) {
    throw inconsistent('the order discount is below zero or above the lines');
  }
  const shares = splitByLargestRemainder(orderDiscount, weightsOf(lines));
  lines.forEach((line, i) => {
    line.share = shares[i];
    line.value -= shares[i];
  });

  const groups = groupsOf(lines);
  for (const group of groups) {
    if (rounding === 'line') {
      for (const line of group) setTax(line, taxOf(line.value, line));
      continue;
    }
    const value = group.reduce((sum, line) => sum + line.value, 0n);
    const taxes = splitByLargestRemainder(taxOf(value, group[0]), weightsOf(group));
    group.forEach((line, i) => setTax(line, taxes[i]));
  }

  const taxGroups = groups.map((group) => ({
    taxCode: group[0].taxCode,
    taxRatePpm: group[0].taxRatePpm,
    inclusive: group[0].taxInclusive,
    taxableNet: Number(group.reduce((sum, line) => sum + line.net, 0n)),
    tax: Number(group.reduce((sum, line) => sum + line.tax, 0n)),
  }));
  const sumOf = (items, pick) => items.reduce((sum, item) => sum + pick(item), 0);
  const subtotal = sumOf(lines, (line) => Number(line.gross));
  const discountTotal = sumOf(lines, (line) => Number(line.discount)) + sale.orderDiscount;
  const exclusiveTaxTotal = sumOf(taxGroups, (group) => (group.inclusive ? 0 : group.tax));
  const taxTotal = sumOf(taxGroups, (group) => group.tax);
  const total = subtotal - discountTotal + exclusiveTaxTotal + sale.cashRounding;
  if (total < 0) throw inconsistent('the cash rounding makes the total negative');
  return { lines, taxGroups, subtotal, discountTotal, exclusiveTaxTotal, taxTotal, total };
}
