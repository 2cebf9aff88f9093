// What Stripe keeps and by which rules it changes: one account, by its secret key. Its clock can be set forward.
import { randomBytes } from 'node:crypto';

export class ApiError extends Error {
  constructor(status, error) {
    super(error.message ?? error.code ?? error.type);
    this.status = status;
    this.error = error;
  }
}

const invalid = (code, message, more = {}) =>
  new ApiError(400, { type: 'invalid_request_error', code, message, ...more });
const missing = (what, id) =>
  new ApiError(404, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    param: 'id',
    message: `No such ${what}: '${id}'`,
  });

const currencies = 'aed eur gbp ghs jpy kes ngn rwf tzs ugx usd zar zmw'.split(' ');
const mostUnits = 99_999_999;
const leastUnits = 50;

// Stripe's names for cards of tests, and ours for slow ones.
export const cards = {
  pm_card_visa: { does: 'pays' },
  pm_card_chargeDeclined: { does: 'declines', code: 'card_declined', decline_code: 'generic_decline' },
  pm_card_chargeDeclinedInsufficientFunds: {
    does: 'declines',
    code: 'card_declined',
    decline_code: 'insufficient_funds',
  },
  pm_card_chargeDeclinedLostCard: { does: 'declines', code: 'card_declined', decline_code: 'lost_card' },
  pm_card_chargeDeclinedExpiredCard: { does: 'declines', code: 'expired_card' },
  pm_card_chargeDeclinedIncorrectCvc: { does: 'declines', code: 'incorrect_cvc' },
  pm_card_chargeDeclinedProcessingError: { does: 'declines', code: 'processing_error' },
  pm_card_authenticationRequired: { does: 'asks for 3-D Secure: confirm again to pass it' },
  pm_slow_success: { does: 'is processing until POST /_settle, then pays' },
  pm_slow_failure: { does: 'is processing until POST /_settle, then fails' },
};

const known = {
  payment_intent: `amount currency automatic_payment_methods payment_method_types payment_method confirm description
    metadata customer receipt_email capture_method return_url off_session statement_descriptor
    statement_descriptor_suffix expand`,
  session: `mode success_url cancel_url line_items client_reference_id customer customer_email metadata
    payment_intent_data expires_at expand`,
  refund: 'payment_intent charge amount reason metadata expand',
};

function requireKnown(kind, fields) {
  const names = known[kind].split(/\s+/);
  for (const name of Object.keys(fields))
    if (!names.includes(name))
      throw invalid('parameter_unknown', `Received unknown parameter: ${name}`, { param: name });
}

function integer(fields, name, required = true) {
  const text = fields[name];
  if (text === undefined || text === '') {
    if (!required) return undefined;
    throw invalid('parameter_missing', `Missing required param: ${name}.`, { param: name });
  }
  if (!/^-?\d+$/.test(text)) throw invalid('parameter_invalid_integer', `Invalid integer: ${text}`, { param: name });
  return Number(text);
}

function checkAmount(amount) {
  if (amount < leastUnits)
    throw invalid('amount_too_small', `Amount must be at least ${leastUnits}`, { param: 'amount' });
  if (amount > mostUnits)
    throw invalid('amount_too_large', 'Amount must be no more than 999,999.99', { param: 'amount' });
}

function checkCurrency(currency) {
  if (!currency) throw invalid('parameter_missing', 'Missing required param: currency.', { param: 'currency' });
  if (!currencies.includes(currency))
    throw invalid('invalid_currency', `Invalid currency: ${currency}`, { param: 'currency' });
}

function checkUrl(fields, name) {
  if (!fields[name]) throw invalid('parameter_missing', `Missing required param: ${name}.`, { param: name });
  if (!/^https?:\/\/\S+$/.test(fields[name])) throw invalid('url_invalid', 'Not a valid URL', { param: name });
}

export class Account {
  // `emit(type, object)` announces what happened.
  constructor({ key, publicUrl, emit }) {
    this.livemode = /^(sk|rk)_live_/.test(key);
    this.publicUrl = publicUrl;
    this.emit = emit;
    this.clockAhead = 0;
    this.intents = new Map();
    this.sessions = new Map();
    this.charges = new Map();
    this.refunds = new Map();
    this.ledger = [];
  }

  now() {
    return Math.floor(Date.now() / 1000) + this.clockAhead;
  }
  id(prefix) {
    return `${prefix}_${randomBytes(12).toString('hex')}`;
  }

  // ---- Payment intents ----

  makeIntent(fields) {
    requireKnown('payment_intent', fields);
    const amount = integer(fields, 'amount');
    checkCurrency(fields.currency);
    checkAmount(amount);
    const intent = this.newIntent({
      amount,
      currency: fields.currency,
      description: fields.description,
      metadata: fields.metadata,
    });
    if (fields.confirm === 'true') this.confirm(intent.id, fields);
    return intent;
  }
  newIntent({ amount, currency, description, metadata }) {
    const id = this.id('pi');
    const intent = {
      id,
      object: 'payment_intent',
      amount,
      amount_capturable: 0,
      amount_received: 0,
      cancellation_reason: null,
      client_secret: `${id}_secret_${randomBytes(12).toString('hex')}`,
      created: this.now(),
      currency,
      description: description ?? null,
      last_payment_error: null,
      latest_charge: null,
      livemode: this.livemode,
      metadata: metadata ?? {},
      next_action: null,
      payment_method: null,
      status: 'requires_payment_method',
    };
    this.intents.set(id, intent);
    this.emit('payment_intent.created', intent);
    return intent;
  }
  intent(id) {
    const intent = this.intents.get(id);
    if (!intent) throw missing('payment_intent', id);
    return intent;
  }
  // The card's issuer decides.
  confirm(id, { payment_method: card = 'pm_card_visa' }) {
    const intent = this.intent(id);
    const open = ['requires_payment_method', 'requires_confirmation', 'requires_action'];
    if (!open.includes(intent.status)) throw this.unexpectedState(intent);
    const manners = cards[card];
    if (!manners) throw missing('PaymentMethod', card);
    const passes3ds = card === 'pm_card_authenticationRequired' && intent.status === 'requires_action';
    intent.payment_method = card;
    if (manners.does === 'declines') return this.decline(intent, manners);
    if (card.startsWith('pm_slow_')) return this.move(intent, 'processing');
    if (card === 'pm_card_authenticationRequired' && !passes3ds) {
      intent.next_action = { type: 'use_stripe_sdk' };
      return this.move(intent, 'requires_action');
    }
    return this.succeed(intent);
  }
  move(intent, status) {
    intent.status = status;
    if (status !== 'requires_action') intent.next_action = null;
    const name = status === 'requires_payment_method' ? 'payment_failed' : status;
    this.emit(`payment_intent.${name}`, intent);
    return intent;
  }
  decline(intent, { code, decline_code }) {
    const charge = this.newCharge(intent, { status: 'failed', paid: false, captured: false, failure_code: code });
    intent.latest_charge = charge.id;
    intent.last_payment_error = {
      type: 'card_error',
      code,
      ...(decline_code ? { decline_code } : {}),
      charge: charge.id,
      message: 'Your card was declined.',
    };
    this.emit('charge.failed', charge);
    this.move(intent, 'requires_payment_method');
    throw new ApiError(402, { ...intent.last_payment_error, payment_intent: intent });
  }
  succeed(intent) {
    const charge = this.newCharge(intent, { status: 'succeeded', paid: true, captured: true });
    charge.amount_captured = intent.amount;
    intent.latest_charge = charge.id;
    intent.last_payment_error = null;
    intent.amount_received = intent.amount;
    // The money has moved.
    this.ledger.push({ intent, charge });
    this.emit('charge.succeeded', charge);
    this.move(intent, 'succeeded');
    const session = [...this.sessions.values()].find((one) => one.payment_intent === intent.id);
    if (session && session.status === 'open') this.complete(session, 'paid');
    else if (session) this.settleSession(session, 'paid', 'async_payment_succeeded');
    return intent;
  }
  newCharge(intent, more) {
    const charge = {
      id: this.id('ch'),
      object: 'charge',
      amount: intent.amount,
      amount_captured: 0,
      amount_refunded: 0,
      created: this.now(),
      currency: intent.currency,
      disputed: false,
      failure_code: null,
      failure_message: null,
      livemode: this.livemode,
      metadata: { ...intent.metadata },
      payment_intent: intent.id,
      refunded: false,
      ...more,
    };
    this.charges.set(charge.id, charge);
    return charge;
  }
  // What `pm_slow_…` waits for.
  settle(id) {
    const intent = this.intent(id);
    if (intent.status !== 'processing') throw this.unexpectedState(intent);
    if (intent.payment_method === 'pm_slow_success') return this.succeed(intent);
    try {
      this.decline(intent, { code: 'payment_intent_payment_attempt_failed' });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
    const session = [...this.sessions.values()].find((one) => one.payment_intent === intent.id);
    if (session) this.settleSession(session, 'unpaid', 'async_payment_failed');
    return intent;
  }
  cancel(id, reason) {
    const intent = this.intent(id);
    if (['succeeded', 'processing', 'canceled'].includes(intent.status)) throw this.unexpectedState(intent);
    intent.cancellation_reason = reason ?? null;
    return this.move(intent, 'canceled');
  }
  unexpectedState(intent) {
    return invalid('payment_intent_unexpected_state', `This PaymentIntent has a status of ${intent.status}.`, {
      payment_intent: intent,
    });
  }

  // ---- Checkout sessions ----

  makeSession(fields) {
    requireKnown('session', fields);
    if (fields.mode !== 'payment') throw invalid('parameter_invalid', 'Only mode=payment is here', { param: 'mode' });
    checkUrl(fields, 'success_url');
    const items = Array.isArray(fields.line_items) ? fields.line_items : [];
    if (items.length === 0) throw invalid('parameter_missing', 'Missing line_items.', { param: 'line_items' });
    let amount = 0;
    for (const item of items) {
      checkCurrency(item.price_data?.currency);
      if (!item.price_data.product_data?.name) throw invalid('parameter_missing', 'A product has a name');
      amount += integer(item.price_data, 'unit_amount') * integer(item, 'quantity');
    }
    checkAmount(amount);
    const created = this.now();
    const expiresAt = integer(fields, 'expires_at', false) ?? created + 86_400;
    if (expiresAt < created + 1_800 || expiresAt > created + 86_400)
      throw invalid(
        'parameter_invalid',
        'The `expires_at` timestamp must be between 30 minutes and 24 hours from now.',
        {
          param: 'expires_at',
        },
      );
    return this.newSession(fields, { amount, created, expiresAt, currency: items[0].price_data.currency });
  }
  newSession(fields, { amount, created, expiresAt, currency }) {
    const id = this.id(this.livemode ? 'cs_live' : 'cs_test');
    const session = {
      id,
      object: 'checkout.session',
      amount_total: amount,
      cancel_url: fields.cancel_url ?? null,
      client_reference_id: fields.client_reference_id ?? null,
      created,
      currency,
      expires_at: expiresAt,
      livemode: this.livemode,
      metadata: fields.metadata ?? {},
      mode: 'payment',
      payment_intent: null,
      payment_status: 'unpaid',
      status: 'open',
      success_url: fields.success_url,
      url: `${this.publicUrl()}/c/pay/${id}`,
    };
    this.sessions.set(id, session);
    Object.defineProperty(session, 'forIntent', { value: fields.payment_intent_data ?? {}, enumerable: false });
    return session;
  }
  session(id) {
    const session = this.sessions.get(id);
    if (!session) throw missing('checkout.session', id);
    if (session.status === 'open' && session.expires_at <= this.now()) this.end(session);
    return session;
  }
  expire(id) {
    const session = this.session(id);
    if (session.status !== 'open')
      throw invalid(undefined, 'Only Checkout Sessions with a status in ["open"] can be expired.');
    return this.end(session);
  }
  end(session) {
    session.status = 'expired';
    session.url = null;
    const intent = this.intents.get(session.payment_intent);
    if (intent && !['succeeded', 'canceled', 'processing'].includes(intent.status)) this.cancel(intent.id, 'automatic');
    this.emit('checkout.session.expired', session);
    return session;
  }
  expireOld() {
    for (const id of this.sessions.keys()) this.session(id);
  }
  // Its payer presses "pay".
  paySession(id, card = 'pm_card_visa') {
    const session = this.session(id);
    if (session.status !== 'open') throw invalid(undefined, `This Checkout Session is ${session.status}.`);
    const { amount_total: amount, currency, forIntent } = session;
    if (!session.payment_intent) session.payment_intent = this.newIntent({ ...forIntent, amount, currency }).id;
    const intent = this.confirm(session.payment_intent, { payment_method: card });
    if (intent.status === 'processing') this.complete(session, 'unpaid');
    return session;
  }
  complete(session, paymentStatus) {
    session.status = 'complete';
    session.url = null;
    session.payment_status = paymentStatus;
    this.emit('checkout.session.completed', session);
  }
  settleSession(session, paymentStatus, event) {
    session.payment_status = paymentStatus;
    this.emit(`checkout.session.${event}`, session);
  }

  // ---- Refunds and disputes ----

  makeRefund(fields) {
    requireKnown('refund', fields);
    const charge = this.chargeOf(fields);
    if (charge.disputed) throw invalid('charge_disputed', 'This charge is disputed and cannot be refunded.');
    const left = charge.amount_captured - charge.amount_refunded;
    if (charge.status !== 'succeeded' || left === 0)
      throw invalid('charge_already_refunded', `Charge ${charge.id} has already been refunded.`);
    const amount = integer(fields, 'amount', false) ?? left;
    if (amount <= 0) throw invalid('parameter_invalid_integer', 'Invalid positive integer', { param: 'amount' });
    if (amount > left)
      throw invalid(undefined, `Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`, {
        param: 'amount',
      });
    return this.newRefund(charge, amount, fields);
  }
  chargeOf(fields) {
    if (!fields.payment_intent && !fields.charge)
      throw invalid('parameter_missing', 'One of payment_intent, charge is needed', { param: 'payment_intent' });
    const id = fields.charge ?? this.intent(fields.payment_intent).latest_charge;
    const charge = this.charges.get(id);
    if (!charge) throw missing('charge', id);
    return charge;
  }
  newRefund(charge, amount, fields) {
    const refund = {
      id: this.id('re'),
      object: 'refund',
      amount,
      charge: charge.id,
      created: this.now(),
      currency: charge.currency,
      failure_reason: null,
      metadata: fields.metadata ?? {},
      payment_intent: charge.payment_intent,
      reason: fields.reason ?? null,
      status: amount % 100 === 31 || amount % 100 === 32 ? 'pending' : 'succeeded',
    };
    this.refunds.set(refund.id, refund);
    this.takeBack(charge, amount);
    this.emit('refund.created', refund);
    this.emit('charge.refunded', charge);
    return refund;
  }
  takeBack(charge, amount) {
    charge.amount_refunded += amount;
    charge.refunded = charge.amount_refunded === charge.amount_captured;
  }
  // What a pending refund waits for.
  settleRefund(id) {
    const refund = this.refunds.get(id);
    if (!refund) throw missing('refund', id);
    if (refund.status !== 'pending') return refund;
    const fails = refund.amount % 100 === 32;
    refund.status = fails ? 'failed' : 'succeeded';
    if (fails) {
      refund.failure_reason = 'lost_or_stolen_card';
      this.takeBack(this.charges.get(refund.charge), -refund.amount);
    }
    this.emit(fails ? 'refund.failed' : 'refund.updated', refund);
    return refund;
  }
  dispute(intentId) {
    const charge = this.chargeOf({ payment_intent: intentId });
    charge.disputed = true;
    const dispute = {
      id: this.id('dp'),
      object: 'dispute',
      amount: charge.amount,
      charge: charge.id,
      created: this.now(),
      currency: charge.currency,
      livemode: this.livemode,
      payment_intent: charge.payment_intent,
      reason: 'fraudulent',
      status: 'needs_response',
    };
    this.emit('charge.dispute.created', dispute);
    return dispute;
  }
}
