// A simulator of Flutterwave's API, version 3: mobile money, pages, verifications, lists, refunds, events with the secret hash. It moves no
// money but keeps a ledger of what it would have moved. Node 18 or newer, nothing to install; scripts: see provider/simulator.mjs.
//
//     node tests/simulators/flutterwave.mjs --port 12112 [--webhook-url URL --webhook-secret HASH] [--callback-ca FILE] [--speed 20]
//                                           [--seed 7 --worst]
//
// Any FLWSECK_TEST-… is a key; FLWSECK_TEST-wrong… is unknown (401).
import { createHmac } from 'node:crypto';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';

import { ApiError, main, ProviderSimulator, scaleOf } from './provider/simulator.mjs';

const success = (data, message = 'Success', more = {}) => ({ body: { status: 'success', message, ...more, data } });
const error = (status, message) => new ApiError(status, { status: 'error', message, data: null });

const charges = {
  mpesa: ['KES'],
  mobile_money_uganda: ['UGX'],
  mobile_money_rwanda: ['RWF'],
  mobile_money_zambia: ['ZMW'],
  mobile_money_tanzania: ['TZS'],
  mobile_money_ghana: ['GHS'],
  mobile_money_franco: ['XAF', 'XOF'],
};
const words = { paid: 'successful', pending: 'pending', failed: 'failed' };

export class Flutterwave extends ProviderSimulator {
  title = 'Flutterwave';

  // ---- What it says ----

  duplicate() {
    return error(400, 'Duplicate transaction reference');
  }
  tooMuch() {
    return error(400, 'Refund amount is more than what is left of the transaction');
  }
  tooMany() {
    return error(429, 'Too many requests');
  }
  refused() {
    return error(400, 'amount is not allowed for this merchant');
  }
  broken(status) {
    return error(status, 'An error occurred. Please contact support');
  }
  shown(payment, transaction, status = transaction.status) {
    const amount = transaction.amount / scaleOf(payment.currency);
    return {
      id: transaction.id,
      tx_ref: payment.reference,
      flw_ref: `FLW-SIM-${transaction.token}`,
      device_fingerprint: 'N/A',
      amount,
      charged_amount: amount,
      app_fee: 0,
      merchant_fee: 0,
      processor_response: transaction.reason,
      auth_model: payment.phone ? 'LIPA_MPESA' : 'AUTH',
      currency: payment.currency,
      narration: 'Simulated',
      status: words[status] ?? status,
      payment_type: payment.phone ? 'mpesa' : 'card',
      created_at: new Date(transaction.created).toISOString(),
      customer: { id: 1, phone_number: payment.phone ?? null, name: 'Anonymous', email: payment.email },
    };
  }
  eventOf(payment, transaction, status) {
    return {
      event: 'charge.completed',
      data: this.shown(payment, transaction, status),
      'event.type': payment.phone ? 'MPESA_TRANSACTION' : 'CARD_TRANSACTION',
    };
  }
  refundEventOf() {
    return undefined; // version 3 tells of none
  }
  signed(body, { secret = '', forged }) {
    if (forged) return { 'verif-hash': `${secret}-forged` };
    // Newer accounts sign as well.
    return {
      'verif-hash': secret,
      'flutterwave-signature': createHmac('sha256', secret).update(body).digest('base64'),
    };
  }
  returnOf(payment, transaction) {
    const url = new URL(payment.returnUrl);
    url.searchParams.set('status', transaction ? 'successful' : 'cancelled');
    url.searchParams.set('tx_ref', payment.reference);
    if (transaction) url.searchParams.set('transaction_id', transaction.id);
    return url.href;
  }

  // ---- The API ----

  api(call) {
    const { method, path, key } = call;
    if (!/^FLWSECK(_TEST)?-\w/.test(key) || /-wrong/.test(key))
      throw error(401, key ? 'Invalid authorization key' : 'Authorization required');
    const id = /^\/v3\/transactions\/(\d+)\/(verify|refund)$/.exec(path);
    if (id && method === 'GET' && id[2] === 'verify') return this.verify(this.byId(id[1], key));
    if (id && method === 'POST' && id[2] === 'refund') return this.refund(this.byId(id[1], key), call);
    const route = {
      'POST /v3/charges': () => this.charge(call),
      'POST /v3/payments': () => this.page(call),
      'GET /v3/transactions/verify_by_reference': () => this.verify(this.byReference(call.query.tx_ref, key)),
      'GET /v3/transactions': () => this.list(call),
      'GET /v3/refunds': () => this.listRefunds(call),
    }[`${method} ${path}`];
    if (!route) throw error(404, `Cannot ${method} ${path}`);
    return route();
  }

  common({ fields, key }) {
    for (const name of ['tx_ref', 'amount', 'currency']) if (!fields[name]) throw error(400, `${name} is required`);
    if (!(Number(fields.amount) > 0)) throw error(400, 'amount must be greater than 0');
    if (String(fields.tx_ref).length > 100) throw error(400, 'tx_ref is too long');
    if (!/^[A-Z]{3}$/.test(fields.currency)) throw error(400, 'currency is not supported');
    const amount = Math.round(Number(fields.amount) * scaleOf(fields.currency));
    return { reference: String(fields.tx_ref), amount, currency: fields.currency, metadata: fields.meta, key };
  }
  charge(call) {
    const { fields, query } = call;
    const order = this.common(call);
    if (!charges[query.type]?.includes(order.currency)) throw error(400, 'currency is not supported for this type');
    if (!/^\S+@\S+\.\S+$/.test(fields.email ?? '')) throw error(400, 'email is required');
    if (!/^\+?\d{9,15}$/.test(fields.phone_number ?? ''))
      throw error(400, 'phone_number should be a valid phone number');
    if (query.type === 'mobile_money_franco' && !fields.country) throw error(400, 'country is required');
    const phone = fields.phone_number.replace('+', '');
    return this.misbehave(order.amount, order.reference, () => {
      const payment = this.begin({ ...order, phone, more: { email: fields.email } });
      return success(this.shown(payment, payment.transactions[0], 'pending'), 'Charge initiated');
    });
  }
  page(call) {
    const { fields } = call;
    const order = this.common(call);
    if (!/^https?:\/\/\S+$/.test(fields.redirect_url ?? '')) throw error(400, 'redirect_url is required');
    if (!fields.customer?.email) throw error(400, 'customer email is required');
    return this.misbehave(order.amount, order.reference, () => {
      this.begin({ ...order, returnUrl: fields.redirect_url, more: { email: fields.customer.email } });
      return success({ link: `${this.base}/pay/${encodeURIComponent(order.reference)}` }, 'Hosted Link');
    });
  }

  byReference(reference, key) {
    const payment = this.payments.get(reference);
    if (!payment || payment.key !== key || payment.transactions.length === 0)
      throw error(400, 'No transaction was found for this id');
    // The last one, as Flutterwave does: not the successful one.
    return { payment, transaction: payment.transactions.at(-1) };
  }
  byId(id, key) {
    for (const payment of this.payments.values()) {
      const transaction = payment.transactions.find((one) => String(one.id) === id);
      if (transaction && payment.key === key) return { payment, transaction };
    }
    throw error(404, 'No transaction was found for this id');
  }
  verify({ payment, transaction }) {
    return success(
      this.shown(payment, transaction, payment.said ?? transaction.status),
      'Transaction fetched successfully',
    );
  }
  list({ query, key }) {
    const all = [];
    for (const payment of this.payments.values())
      for (const transaction of payment.transactions) {
        const shown = this.shown(payment, transaction, payment.said ?? transaction.status);
        const fits = payment.key === key && (!query.tx_ref || shown.tx_ref === query.tx_ref);
        // Ids are texts in lists.
        if (fits && (!query.status || shown.status === query.status)) all.push({ ...shown, id: String(shown.id) });
      }
    const meta = { page_info: { total: all.length, current_page: 1, total_pages: 1 } };
    return success(all.reverse(), 'Transactions fetched', { meta });
  }

  refund({ payment, transaction }, { fields }) {
    if (transaction.status !== 'paid') throw error(400, 'Transaction was not successful');
    const amount = Math.round(Number(fields.amount ?? transaction.amount) * scaleOf(payment.currency));
    if (!(amount > 0)) throw error(400, 'amount must be greater than 0');
    return this.misbehave(amount, `refund ${fields.comments}`, () =>
      success(
        this.shownRefund(this.makeRefund(payment, transaction, amount, fields.comments)),
        'Transaction refund initiated',
      ),
    );
  }
  shownRefund(refund) {
    return {
      id: refund.id,
      account_id: 73362,
      tx_id: refund.transaction.id,
      flw_ref: `FLW-SIM-${refund.transaction.token}`,
      amount_refunded: refund.amount / scaleOf(refund.payment.currency),
      status: { done: 'completed', pending: 'pending', failed: 'failed' }[refund.state],
      comments: refund.note ?? null,
      destination: 'payment_source',
      created_at: new Date(this.now()).toISOString(),
    };
  }
  listRefunds({ query, key }) {
    const all = [...this.refunds.values()].filter(({ payment }) => payment.key === key).reverse();
    const page = Number(query.page ?? 1);
    const meta = {
      page_info: { total: all.length, current_page: page, total_pages: Math.max(1, Math.ceil(all.length / 10)) },
    };
    const some = all.slice((page - 1) * 10, page * 10).map((refund) => this.shownRefund(refund));
    return success(some, 'Refunds fetched', { meta });
  }
}

// {port, url, simulator, stop()}. `port` 0: any free one.
/** @param {Record<string, any>} [options] */
export const start = ({ port = 0, ...options } = {}) => new Flutterwave(options).listen(port);

if (argv[1] && import.meta.url === pathToFileURL(argv[1]).href) await main(Flutterwave);
