// The books of the service against what the tills know they sold, to the cent.

/** @typedef {{name: string, confirmed: {sale: any, reply: any}[], parked: {sale: any, problem: any}[], setup: {clockMs: number}}} ReconciledTill */

class Sums {
  /** @type {Map<string, number>} */
  #sums = new Map();
  /** @param {string} name @param {number} amount */
  add(name, amount) {
    this.#sums.set(name, (this.#sums.get(name) ?? 0) + amount);
  }
  /** @param {string} name */
  get(name) {
    return this.#sums.get(name) ?? 0;
  }
  names() {
    return [...this.#sums.keys()];
  }
}

const tenThousandths = (/** @type {string | number} */ quantity) => Math.round(Number(quantity) * 10_000);

/**
 * @param {{office: import('./client.mjs').Client, location: any, tills: ReconciledTill[], print: (line: string) => void}} day
 * @returns {Promise<boolean>} whether everything balances
 */
export async function reconcile({ office, location, tills, print }) {
  const sold = tills.flatMap((till) => till.confirmed.map(({ sale }) => sale));
  const tillSums = new Sums();
  for (const sale of sold) addSale(tillSums, sale);
  const bookSums = new Sums();
  const faults = [...parkedFaults(tills), ...(await readBooks(office, location.id, sold, bookSums))];
  const goods = await goodsOf(office, location.id, sold);
  faults.push(...goods.faults);

  print('');
  print(row('', 'tills', 'books', 'difference'));
  const names = [...new Set([...tillSums.names(), ...bookSums.names()])].sort();
  for (const name of names) {
    const [ours, theirs] = [tillSums.get(name), bookSums.get(name)];
    if (ours !== theirs) faults.push(`${name}: the tills say ${ours}, the books ${theirs}`);
    const show = name === 'sales' || name === 'lines' ? String : money;
    print(row(name, show(ours), show(theirs), show(theirs - ours)));
  }
  print(row('goods (units)', units(goods.sold), units(goods.moved), units(goods.moved - goods.sold)));
  print('');
  for (const fault of faults.slice(0, 20)) print(`NOT BALANCED  ${fault}`);
  if (faults.length > 20) print(`… and ${faults.length - 20} more`);
  if (faults.length === 0) print(`The day balances to the cent: ${sold.length} sales, each recorded once.`);
  return faults.length === 0;
}

/** @param {Sums} sums @param {any} sale */
function addSale(sums, sale) {
  sums.add('sales', 1);
  sums.add('lines', sale.lines.length);
  sums.add('total', sale.total);
  sums.add('tax', sale.taxTotal);
  for (const payment of sale.payments) sums.add(`takings ${payment.method}`, payment.amount);
  sums.add('change given', sale.change ?? sale.changeGiven ?? 0);
}

/** @param {ReconciledTill[]} tills */
function parkedFaults(tills) {
  return tills.flatMap((till) =>
    till.parked.map(
      ({ sale, problem }) =>
        `${till.name}: sale ${sale.receiptNumber} was refused: ${problem.code} ${problem.detail ?? ''}`,
    ),
  );
}

// Every sale of the day by the list, and each in full by its own address.
/** @param {import('./client.mjs').Client} office @param {string} locationId @param {any[]} sold @param {Sums} sums */
async function readBooks(office, locationId, sold, sums) {
  const faults = [];
  const ours = new Map(sold.map((sale) => [sale.clientRequestId, sale]));
  const devices = new Set(sold.map((sale) => sale.deviceId));
  const listed = (await office.all(`/v1/sales?locationId=${locationId}`)).filter((sale) => devices.has(sale.deviceId));
  const seen = new Set();
  for (const { id, clientRequestId, receiptNumber } of listed) {
    if (seen.has(clientRequestId)) faults.push(`sale ${receiptNumber} is there twice`);
    seen.add(clientRequestId);
    const sale = ours.get(clientRequestId);
    if (!sale) faults.push(`sale ${receiptNumber} was never confirmed to a till`);
    const full = await office.ok('GET', `/v1/sales/${id}`);
    addSale(sums, full);
    faults.push(...differences(sale, full));
  }
  for (const [key, sale] of ours) {
    if (!seen.has(key)) faults.push(`sale ${sale.receiptNumber} is missing`);
  }
  return faults;
}

/** @param {any} sale @param {any} booked */
function differences(sale, booked) {
  if (!sale) return [];
  const faults = [];
  if (booked.total !== sale.total || booked.taxTotal !== sale.taxTotal)
    faults.push(`sale ${sale.receiptNumber} has other amounts`);
  const taxRows = booked.taxes.reduce((/** @type {number} */ sum, /** @type {any} */ tax) => sum + tax.tax, 0);
  const lineTax = booked.lines.reduce((/** @type {number} */ sum, /** @type {any} */ line) => sum + line.taxAmount, 0);
  if (taxRows !== booked.taxTotal || lineTax !== booked.taxTotal)
    faults.push(`sale ${sale.receiptNumber}: its tax rows do not add up`);
  const paid = booked.payments.reduce(
    (/** @type {number} */ sum, /** @type {any} */ payment) => sum + payment.amount,
    0,
  );
  if (paid !== booked.total) faults.push(`sale ${sale.receiptNumber}: its payments do not add up`);
  const ahead = Date.parse(sale.occurredAt) > Date.now() + 3_600_000;
  if (ahead !== booked.flags.includes('clock_ahead'))
    faults.push(`sale ${sale.receiptNumber}: a wrong clock and its flag differ`);
  if (ahead && Date.parse(booked.occurredAt) > Date.now() + 60_000)
    faults.push(`sale ${sale.receiptNumber} lies in the future`);
  return faults;
}

// The ledger moved what was sold, and every level is the sum of the whole ledger.
/** @param {import('./client.mjs').Client} office @param {string} locationId @param {any[]} sold */
async function goodsOf(office, locationId, sold) {
  /** @type {string[]} */
  const faults = [];
  const ids = new Set(sold.map((sale) => sale.id));
  const [soldOf, movedOf, ledger] = [new Sums(), new Sums(), new Sums()];
  for (const sale of sold) for (const line of sale.lines) soldOf.add(line.variantId, tenThousandths(line.quantity));
  for (const movement of await office.all(`/v1/stock-movements?locationId=${locationId}`)) {
    const quantity = tenThousandths(movement.quantityDelta);
    ledger.add(movement.variantId, quantity);
    if (ids.has(movement.sourceId)) movedOf.add(movement.variantId, -quantity);
  }
  for (const level of await office.all(`/v1/stock-levels?locationId=${locationId}`)) {
    const [onHand, moved] = [tenThousandths(level.onHand), ledger.get(level.variantId)];
    if (onHand !== moved)
      faults.push(`article ${level.variantId}: ${units(onHand)} on hand, ${units(moved)} by the ledger`);
  }
  let [soldUnits, movedUnits] = [0, 0];
  for (const variant of soldOf.names()) {
    const [asked, moved] = [soldOf.get(variant), movedOf.get(variant)];
    soldUnits += asked;
    movedUnits += moved;
    if (moved !== asked) faults.push(`article ${variant}: sold ${units(asked)}, moved ${units(moved)}`);
  }
  return { faults, sold: soldUnits, moved: movedUnits };
}

const units = (/** @type {number} */ amount) => String(amount / 10_000);
const money = (/** @type {number} */ minor) => (minor / 100).toLocaleString('en-GB', { minimumFractionDigits: 2 });
const row = (/** @type {string[]} */ ...cells) =>
  cells.map((cell, index) => (index === 0 ? cell.padEnd(20) : cell.padStart(16))).join('');
