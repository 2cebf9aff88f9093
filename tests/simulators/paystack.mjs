// A simulator of Paystack's API: charges of phones, pages, verifications, refunds, disputes, signed events. It moves no money but keeps a
// ledger of what it would have moved. Node 18 or newer, nothing to install; scripts: see provider/simulator.mjs.
//
//     node tests/simulators/paystack.mjs --port 12113 [--webhook-url URL] [--callback-ca FILE] [--speed 20] [--seed 7 --worst]
//
// Any sk_test_… is a key; sk_test_wrong… is unknown (401). Events are signed with the key of the payment's account.
// POST /_dispute {"reference", "resolution"?}: the payer's bank wants the money back; with a resolution, it is over.
import { createHmac } from 'node:crypto';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';

import { ApiError, main, ProviderSimulator, scaleOf } from './provider/simulator.mjs';

const success = (data, message = 'OK', more = {}) => ({ body: { status: true, message, data, ...more } });
const error = (status, message, code) =>
  new ApiError(status, { status: false, message, ...(code ? { type: 'validation_error', code } : {}) });

// Hundredths of every currency.
const unitsOf = (minor, currency) => (minor * 100) / scaleOf(currency);
const minorOf = (units, currency) => (units * scaleOf(currency)) / 100;

const currencies = ['EGP', 'GHS', 'KES', 'NGN', 'RWF', 'USD', 'XOF', 'ZAR'];
const providers = { KES: ['mpesa', 'atl'], GHS: ['mtn', 'atl', 'vod'], XOF: ['mtn', 'orange', 'wave'] };
const words = { paid: 'success', failed: 'failed' };

export class Paystack extends ProviderSimulator {
  title = 'Paystack';

  // ---- What it says ----

  duplicate() {
    return error(400, 'Duplicate Transaction Reference', 'duplicate_reference');
  }
  tooMuch() {
    return error(400, 'Refund amount cannot be more than transaction amount');
  }
  tooMany() {
    return error(429, 'Too many requests');
  }
  refused() {
    return error(400, 'Invalid Amount Sent', 'invalid_amount');
  }
  broken(status) {
    return error(status, 'Something went wrong', 'unknown');
  }
  shown(payment, transaction, status = transaction?.status) {
    const said = words[status] ?? (payment.phone ? 'pending' : 'abandoned');
    return {
      id: transaction?.id ?? payment.id,
      domain: /^sk_live_/.test(payment.key) ? 'live' : 'test',
      status: said,
      reference: payment.reference,
      amount: unitsOf(transaction?.amount ?? payment.amount, payment.currency),
      message: null,
      gateway_response: transaction?.reason ?? 'The transaction was not completed',
      paid_at: status === 'paid' ? new Date(transaction?.paid ?? this.now()).toISOString() : null,
      created_at: new Date(payment.created).toISOString(),
      channel: payment.phone ? 'mobile_money' : 'card',
      currency: payment.currency,
      metadata: payment.metadata ?? null,
      fees: 0,
      customer: { id: 1, email: payment.email, customer_code: 'CUS_sim' },
    };
  }
  eventOf(payment, transaction, status) {
    return {
      event: status === 'paid' ? 'charge.success' : 'charge.failed',
      data: this.shown(payment, transaction, status),
    };
  }
  // It does not say the name that its maker gave it.
  refundEventOf(refund) {
    const state = { done: 'processed', pending: 'pending', failed: 'failed' }[refund.state];
    return {
      event: `refund.${state}`,
      data: {
        status: state,
        transaction_reference: refund.payment.reference,
        refund_reference: state === 'processed' ? `TRF${refund.id}` : null,
        amount: String(unitsOf(refund.amount, refund.payment.currency)),
        currency: refund.payment.currency,
        processor: 'simulator',
        customer: { email: refund.payment.email },
        domain: /^sk_live_/.test(refund.payment.key) ? 'live' : 'test',
      },
    };
  }
  signed(body, { key, forged }) {
    const secret = forged ? 'sk_test_forged' : key;
    return { 'x-paystack-signature': createHmac('sha512', secret).update(body).digest('hex') };
  }
  returnOf(payment) {
    const url = new URL(payment.returnUrl);
    url.searchParams.set('trxref', payment.reference);
    url.searchParams.set('reference', payment.reference);
    return url.href;
  }

  // ---- The API ----

  api(call) {
    const { method, path, key } = call;
    if (!/^sk_(test|live)_\w+$/.test(key) || /_wrong/.test(key)) throw error(401, 'Invalid key', 'invalid_Key');
    const verified = /^\/transaction\/verify\/([^/]+)$/.exec(path);
    if (verified && method === 'GET') return this.verify(decodeURIComponent(verified[1]), key);
    const route = {
      'POST /charge': () => this.charge(call),
      'POST /transaction/initialize': () => this.page(call),
      'POST /refund': () => this.refund(call),
      'GET /refund': () => this.listRefunds(call),
    }[`${method} ${path}`];
    if (!route) throw error(404, `Cannot ${method} ${path}`);
    return route();
  }

  common({ fields, key }) {
    if (!/^\S+@\S+\.\S+$/.test(fields.email ?? ''))
      throw error(400, 'Invalid Email Address Passed', 'invalid_email_address');
    const units = Number(fields.amount);
    if (!Number.isSafeInteger(units) || units <= 0) throw error(400, 'Invalid Amount Sent', 'invalid_amount');
    if (!currencies.includes(fields.currency))
      throw error(403, 'Currency not supported by merchant', 'unsupported_currency');
    if (!/^[A-Za-z0-9.=-]+$/.test(fields.reference ?? '')) throw error(400, 'Invalid reference', 'invalid_params');
    return {
      reference: fields.reference,
      amount: minorOf(units, fields.currency),
      currency: fields.currency,
      metadata: fields.metadata,
      key,
      more: { email: fields.email, id: this.nextId() },
    };
  }
  charge(call) {
    const order = this.common(call);
    const { phone = '', provider } = call.fields.mobile_money ?? {};
    if (!providers[order.currency]?.includes(provider)) throw error(400, 'Mobile money provider is not supported');
    if (!/^\+?\d{9,15}$/.test(phone)) throw error(400, 'Please provide a valid phone number');
    return this.misbehave(order.amount, order.reference, () => {
      const payment = this.begin({ ...order, phone: phone.replace('+', '') });
      const data = {
        reference: payment.reference,
        status: 'pay_offline',
        display_text: 'Please complete the payment on your phone',
      };
      return success(data, 'Charge attempted');
    });
  }
  page(call) {
    const order = this.common(call);
    const { callback_url: returnUrl } = call.fields;
    if (!/^https?:\/\/\S+$/.test(returnUrl ?? '')) throw error(400, 'Invalid callback url', 'invalid_params');
    return this.misbehave(order.amount, order.reference, () => {
      this.begin({ ...order, returnUrl });
      const url = `${this.base}/pay/${encodeURIComponent(order.reference)}`;
      const data = { authorization_url: url, access_code: `sim${order.more.id}`, reference: order.reference };
      return success(data, 'Authorization URL created');
    });
  }
  known(reference, key) {
    const found = [...this.payments.values()].find(
      (one) => one.reference === reference || one.transactions.some(({ id }) => String(id) === String(reference)),
    );
    if (!found || found.key !== key) throw error(400, 'Transaction reference not found.', 'transaction_not_found');
    return found;
  }
  verify(reference, key) {
    const payment = this.known(reference, key);
    const transaction = this.transactionOf(payment);
    return success(this.shown(payment, transaction, payment.said ?? transaction?.status), 'Verification successful');
  }

  refund({ fields, key }) {
    const payment = this.known(fields.transaction, key);
    const transaction = this.transactionOf(payment);
    if (transaction?.status !== 'paid') throw error(400, 'Transaction has not been paid');
    const amount = minorOf(Number(fields.amount ?? unitsOf(transaction.amount, payment.currency)), payment.currency);
    if (!(amount > 0)) throw error(400, 'Invalid Amount Sent', 'invalid_amount');
    return this.misbehave(amount, `refund ${fields.merchant_note}`, () =>
      success(
        // Whatever becomes of it is told afterwards.
        { ...this.shownRefund(this.makeRefund(payment, transaction, amount, fields.merchant_note)), status: 'pending' },
        'Refund has been queued for processing',
      ),
    );
  }
  shownRefund(refund) {
    return {
      id: refund.id,
      transaction: refund.transaction.id,
      transaction_reference: refund.payment.reference,
      amount: unitsOf(refund.amount, refund.payment.currency),
      currency: refund.payment.currency,
      status: { done: 'processed', pending: 'pending', failed: 'failed' }[refund.state],
      merchant_note: refund.note ?? null,
      customer_note: 'Refund',
    };
  }
  listRefunds({ query, key }) {
    const all = [...this.refunds.values()].filter(({ payment }) => payment.key === key).reverse();
    const [page, perPage] = [Number(query.page ?? 1), Number(query.perPage ?? 50)];
    const some = all.slice((page - 1) * perPage, page * perPage).map((refund) => this.shownRefund(refund));
    const meta = { total: all.length, skipped: 0, perPage, page, pageCount: Math.ceil(all.length / perPage) };
    return success(some, 'Refunds retrieved', { meta });
  }

  // ---- Disputes ----

  control(method, path, order) {
    if (`${method} ${path}` !== 'POST /_dispute') return super.control(method, path, order);
    const payment = this.find(order);
    const transaction = this.transactionOf(payment);
    payment.dispute ??= this.nextId();
    // What the merchant accepts goes back.
    if (order.resolution === 'merchant-accepted') this.makeRefund(payment, transaction, transaction.amount, 'dispute');
    const data = {
      id: payment.dispute,
      refund_amount: unitsOf(transaction.amount, payment.currency),
      currency: payment.currency,
      status: order.resolution ? 'resolved' : 'awaiting-merchant-feedback',
      resolution: order.resolution ?? null,
      domain: 'test',
      category: 'chargeback',
      transaction: this.shown(payment, transaction),
    };
    const event = order.resolution ? 'charge.dispute.resolve' : 'charge.dispute.create';
    return this.sendEvents(payment, { event, data }).then((statuses) => ({ statuses }));
  }
}

// {port, url, simulator, stop()}. `port` 0: any free one.
/** @param {Record<string, any>} [options] */
export const start = ({ port = 0, ...options } = {}) => new Paystack(options).listen(port);

if (argv[1] && import.meta.url === pathToFileURL(argv[1]).href) await main(Paystack);
