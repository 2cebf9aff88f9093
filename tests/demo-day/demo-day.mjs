// A day of trading of the demo shop, played against a running service, and its reconciliation.
//
// Three tills, each with a catalogue of its own, sell by the minute of a simulated day that ends now. Their network loses
// replies and sends requests twice; two of them are offline for hours and come back with a queue; the third one's clock
// stands in another year. What they do about a refusal is told by the reply alone: `retriable` and `action`.
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from './client.mjs';
import { reconcile } from './reconcile.mjs';
import { ringUp } from './till.mjs';

/** @typedef {import('./till.mjs').Variant} Variant */
/** @typedef {Omit<Variant, 'taxInclusive'> & {taxInclusive: boolean, soldBy: string}} Article */

const minutesOfDay = 720;

/**
 * @typedef {object} Options
 * @property {string} url
 * @property {string} email
 * @property {string} password
 * @property {string} [tillEmail] Who works at the tills; the same person when missing.
 * @property {number} sales About how many.
 * @property {number} minuteMs How long a minute of the day takes.
 * @property {(line: string) => void | Promise<void>} progress Called with the state of the day, often.
 * @property {(line: string) => void} print
 * @property {(exchange: import('./client.mjs').Exchange) => void} [onReply] Sees every reply.
 */

/** Small and repeatable: mulberry32. @param {number} seed */
function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Plays the day; true when it balances. @param {Options} options */
export async function playDay(options) {
  const office = new Client(options.url, options.onReply);
  await office.logIn(options);
  const me = await office.ok('GET', '/v1/auth/me');
  const location = (await office.ok('GET', '/v1/locations')).data[0];
  const articles = await priceBook(office);
  options.print(`${me.tenant.name}, ${location.name}: ${articles.length} articles, prices in ${me.tenant.currency}`);

  const now = Date.now();
  const dayStart = now - minutesOfDay * 60_000;
  const plans = [
    { name: 'Till A', offline: [[150, 290]], clockMs: 0 },
    {
      name: 'Till B',
      offline: [
        [60, 130],
        [420, 660],
      ],
      clockMs: 0,
    },
    { name: 'Till C', offline: [[340, 380]], clockMs: 3 * 365 * 86_400_000 },
  ];
  const tills = [];
  for (const [index, plan] of plans.entries()) {
    const device = await office.ok('POST', '/v1/devices', {
      locationId: location.id,
      name: `${plan.name}, ${new Date(now).toISOString().slice(0, 16)}`,
    });
    const client = new Client(options.url, options.onReply);
    await client.logIn({ email: options.tillEmail ?? options.email, password: options.password, deviceId: device.id });
    tills.push(
      new Till({
        ...plan,
        device,
        client,
        location,
        articles: shelfOf(articles, index),
        dayStart,
        random: generator(index + 1),
        mpesa: `${now.toString(36)}${index}`,
      }),
    );
  }

  const share = options.sales / tills.length;
  for (let minute = 0; minute < minutesOfDay; ++minute) {
    for (const till of tills) till.trade(minute, share);
    await options.progress(stateOf(minute, tills));
    await sleep(options.minuteMs);
  }
  for (const till of tills) till.close();
  const closing = Promise.all(tills.map((till) => till.drained));
  while (!(await Promise.race([closing.then(() => true), sleep(100).then(() => false)])))
    await options.progress(stateOf(minutesOfDay, tills));
  await closing;
  await options.progress(stateOf(minutesOfDay, tills));

  printNetwork(tills, options.print);
  const balanced = await reconcile({ office, location, tills, print: options.print });
  for (const client of [office, ...tills.map((till) => till.client)]) client.close();
  return balanced;
}

/** Every article with its price and today's tax. @param {Client} office @returns {Promise<Article[]>} */
async function priceBook(office) {
  const today = new Date().toISOString().slice(0, 10);
  /** @type {Map<string, {code: string, rate: any}>} */
  const taxes = new Map();
  for (const { id, code } of await office.all('/v1/tax-classes')) {
    const rates = await office.all(`/v1/tax-classes/${id}/rates`);
    const rate = rates.filter((one) => one.validFrom <= today && (one.validTo == null || one.validTo > today)).at(-1);
    if (rate) taxes.set(id, { code, rate });
  }
  const products = new Map((await office.all('/v1/products')).map((product) => [product.id, product]));
  const articles = [];
  for (const variant of await office.all('/v1/variants')) {
    const product = products.get(variant.productId);
    const tax = product && taxes.get(product.taxClassId);
    if (!tax || !variant.active) continue;
    const { id, name, price } = variant;
    articles.push({
      id,
      name,
      price,
      taxCode: tax.code,
      taxRatePpm: tax.rate.ratePpm,
      taxInclusive: tax.rate.inclusive,
      soldBy: product.soldBy,
    });
  }
  if (articles.length === 0)
    throw new Error('the shop has nothing to sell: every variant needs a price, its product a tax class');
  return articles;
}

// Each till sells two thirds of the shop, in an order of its own: what stands first sells most.
/** @param {Article[]} articles @param {number} index */
function shelfOf(articles, index) {
  const random = generator(100 + index);
  const own = articles.filter((_, position) => articles.length < 6 || position % 3 !== index);
  return own
    .map((article) => ({ article, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ article }) => article);
}

// Customers an hour, from the opening at eight: before work, at noon, after work.
const busy = [0.6, 1.1, 0.8, 0.7, 1.4, 1.3, 0.7, 0.7, 0.9, 1.6, 1.5, 0.7];

class Till {
  /** @param {{name: string, offline: number[][], clockMs: number, device: any, client: Client, location: any, articles: Article[], dayStart: number, random: () => number, mpesa: string}} setup */
  constructor(setup) {
    this.setup = setup;
    this.name = setup.name;
    this.client = setup.client;
    this.device = setup.device;
    this.random = setup.random;
    this.weights = zipf(setup.articles.length);
    this.sequence = 0;
    this.online = true;
    this.closed = false;
    /** @type {any[]} what the server has not confirmed yet */
    this.queue = [];
    /** @type {{sale: any, reply: any}[]} */
    this.confirmed = [];
    /** @type {{sale: any, problem: any}[]} what a person must look at */
    this.parked = [];
    this.counts = { requests: 0, lost: 0, replays: 0, retries: 0, twice: 0, longestQueue: 0 };
    this.drained = this.#deliver();
  }

  /** One minute of the day. @param {number} minute @param {number} salesOfDay */
  trade(minute, salesOfDay) {
    this.online = !this.setup.offline.some(([from, to]) => minute >= (from ?? 0) && minute < (to ?? 0));
    const hour = busy[Math.floor(minute / 60)] ?? 1;
    if (this.random() >= (salesOfDay / minutesOfDay) * hour) return;
    this.queue.push(this.#sell(new Date(this.setup.dayStart + minute * 60_000 + this.random() * 60_000)));
    this.counts.longestQueue = Math.max(this.counts.longestQueue, this.queue.length);
  }

  close() {
    this.online = true;
    this.closed = true;
  }

  /** @param {Date} at */
  #sell(at) {
    const basket = new Map();
    for (let items = 1 + Math.floor(this.random() ** 2 * 8); items > 0; --items) {
      const variant = this.#pick();
      basket.set(variant, { variant, quantity: this.#quantityOf(variant) });
    }
    const occurredAt = new Date(at.getTime() + this.setup.clockMs).toISOString();
    const sale = ringUp({ locationId: this.setup.location.id, lines: [...basket.values()], occurredAt });
    const number = ++this.sequence;
    const receiptNumber = `${this.setup.location.code}-${String(this.device.deviceNumber).padStart(2, '0')}-${String(number).padStart(6, '0')}`;
    return { ...sale, deviceId: this.device.id, deviceSeq: number, receiptNumber, ...this.#pay(sale.total, number) };
  }

  #pick() {
    let rest = this.random();
    const index = this.weights.findIndex((weight) => (rest -= weight) < 0);
    const { articles } = this.setup;
    return /** @type {Article} */ (articles[index === -1 ? articles.length - 1 : index]);
  }

  /** @param {Article} article */
  #quantityOf(article) {
    if (article.soldBy !== 'unit') return (0.1 + this.random() * 2).toFixed(3);
    return String(1 + Math.floor(this.random() ** 4 * 5));
  }

  // Cash with change, M-Pesa, a card, or one part of each.
  /** @param {number} total @param {number} number */
  #pay(total, number) {
    const choice = this.random();
    const cash = (/** @type {number} */ amount) => ({
      method: 'cash',
      amount,
      tendered: Math.ceil(amount / 5_000) * 5_000,
    });
    const mpesa = (/** @type {number} */ amount) => ({
      method: 'mpesa',
      amount,
      reference: `${this.setup.mpesa}${number}`.toUpperCase(),
    });
    const part = Math.floor(total * (0.2 + this.random() * 0.6));
    let payments;
    if (total < 100 || choice < 0.5) payments = [cash(total)];
    else if (choice < 0.75) payments = [mpesa(total)];
    else if (choice < 0.85) payments = [{ method: 'card', amount: total }];
    else payments = [cash(total - part), mpesa(part)];
    const change = payments.reduce((sum, one) => sum + ('tendered' in one ? one.tendered - one.amount : 0), 0);
    return { payments, change };
  }

  async #deliver() {
    while (!this.closed || this.queue.length > 0) {
      const sale = this.queue[0];
      if (!sale || !this.online) {
        await sleep(5);
        continue;
      }
      if (await this.#attempt(sale)) this.queue.shift();
    }
  }

  // True when the sale may leave the queue: confirmed, or parked for a person.
  /** @param {any} sale @returns {Promise<boolean>} */
  async #attempt(sale) {
    const twice = this.random() < 0.05;
    const network = this.random() < 0.08 ? { loseReplyAfter: this.random() * 12 } : {};
    this.counts.requests += twice ? 2 : 1;
    this.counts.twice += twice ? 1 : 0;
    const sent = [this.client.send('POST', '/v1/sales', sale, network)];
    if (twice) sent.push(this.client.send('POST', '/v1/sales', sale));
    const [outcome, second] = await Promise.allSettled(sent);
    const reply =
      outcome?.status === 'fulfilled' ? outcome.value : second?.status === 'fulfilled' ? second.value : undefined;
    if (!reply) {
      this.counts.lost++;
      await this.#pause();
      return false;
    }
    if (reply.status === 201 || reply.status === 200) {
      if (reply.headers['idempotent-replayed']) this.counts.replays++;
      this.confirmed.push({ sale, reply: reply.body });
      return true;
    }
    return this.#heed(sale, reply.body);
  }

  /** @param {any} sale @param {any} problem */
  async #heed(sale, problem) {
    if (problem.action === 'refresh_auth') {
      await this.client.refresh();
      return false;
    }
    if (problem.retriable) {
      await this.#pause(problem.retryAfterMs);
      return false;
    }
    this.parked.push({ sale, problem });
    return true;
  }

  async #pause(afterMs = 0) {
    this.counts.retries++;
    await sleep(afterMs / 4 + 10 + this.random() * 40);
  }
}

/** Share of the n-th best seller. @param {number} count */
function zipf(count) {
  const weights = Array.from({ length: count }, (_, index) => 1 / (index + 1));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** @param {number} minute @param {Till[]} tills */
function stateOf(minute, tills) {
  const clock = `${String(8 + Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
  const sum = (/** @type {(till: Till) => number} */ figure) => tills.reduce((total, till) => total + figure(till), 0);
  const states = tills.map(
    (till) =>
      `${till.name} ${till.online ? 'online' : 'OFFLINE'}${till.queue.length > 0 ? ` ${till.queue.length} queued` : ''}`,
  );
  return `${clock}  ${sum((till) => till.confirmed.length)} sales, ${sum((till) => till.counts.lost)} replies lost | ${states.join(' | ')}`;
}

/** @param {Till[]} tills @param {(line: string) => void} print */
function printNetwork(tills, print) {
  print('');
  for (const { name, confirmed, counts, setup } of tills) {
    const clock = setup.clockMs === 0 ? '' : `, clock ${Math.round(setup.clockMs / 86_400_000)} days ahead`;
    print(
      `${name}: ${confirmed.length} sales in ${counts.requests} requests; ${counts.lost} replies lost, ${counts.twice} sent twice, ` +
        `${counts.replays} replays, longest queue ${counts.longestQueue}${clock}`,
    );
  }
}
