// What goes wrong, by the last two digits of an amount in Stripe's units, or at random by a seed.

// Of the request that makes something (a payment intent, a session, a refund), once for each idempotency key unless it says otherwise.
export const byAmount = {
  1: { reply: 'lost', says: 'carried out, and the connection is closed without a reply' },
  2: { reply: 'error_before', says: 'HTTP 500, not carried out; the next try works' },
  3: { reply: 'error_after', says: 'carried out, and HTTP 500 is kept under the key: every repeat gets it' },
  4: { reply: 'rate_limit', says: 'HTTP 429, not carried out; the next try works' },
  5: { reply: 'conflict', says: 'HTTP 409, as if the same key still ran; the next try works' },
  6: { reply: 'html', says: 'carried out, and a proxy answers with an HTML page and HTTP 502' },
  7: { reply: 'event_first', says: 'its events arrive before the reply' },
  8: { events: { silent: true }, says: 'no event is ever sent' },
  9: { events: { twice: true, disorder: true }, says: 'each event twice, the last one first' },
  10: { reply: 'slow', says: 'the reply takes 3 s' },
};

// Numbers in [0, 1), the same for the same seed (mulberry32).
export class Random {
  constructor(seed = 0, rates = {}) {
    this.state = seed >>> 0;
    this.rates = rates;
  }
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }
  // Without rates nothing goes wrong, and no number is used up.
  often(what) {
    return Boolean(this.rates[what]) && this.next() < this.rates[what];
  }
}

export const worst = {
  lost: 0.1,
  error_before: 0.1,
  rate_limit: 0.05,
  conflict: 0.05,
  html: 0.05,
  event_first: 0.1,
  twice: 0.3,
  disorder: 0.3,
};

export function mannersOf(amount, random) {
  const scripted = byAmount[amount % 100] ?? {};
  if (scripted.reply || scripted.events) return scripted;
  const kinds = ['lost', 'error_before', 'rate_limit', 'conflict', 'html', 'event_first'];
  return { reply: kinds.find((kind) => random.often(kind)) };
}
