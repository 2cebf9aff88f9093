// What payers do, by the last two digits of their number, and what goes wrong on the wire, by the last two digits of an amount in minor
// units.

export const outcomes = {
  pays: { status: 'paid', says: 'pays' },
  insufficient: { status: 'failed', reason: 'Insufficient Funds', says: 'has not enough money' },
  cancels: { status: 'failed', reason: 'Request cancelled by user', says: 'presses cancel' },
  timeout: {
    status: 'failed',
    reason: 'DS timeout user cannot be reached',
    says: 'does not answer, and the network says so',
  },
  wrongpin: { status: 'failed', reason: 'The initiator information is invalid.', says: 'types a wrong PIN' },
  fails: { status: 'failed', reason: 'Transaction Failed', says: 'fails, nobody knows why' },
  never: { says: 'never answers: it stays pending' },
};

export const byPhone = {
  91: 'insufficient',
  92: 'cancels',
  93: 'timeout',
  94: 'wrongpin',
  95: 'never',
  96: 'fails',
};
// All other numbers pay.
export const outcomeOf = (phone) => byPhone[Number(String(phone ?? '').slice(-2))] ?? 'pays';

// Of the request that starts a payment or a refund, each time that it is sent: neither provider keeps keys.
export const byAmount = {
  1: { reply: 'lost', says: 'carried out, and the connection is closed without a reply' },
  2: { reply: 'error_before', says: 'HTTP 500, not carried out' },
  3: { reply: 'error_after', says: 'carried out, and HTTP 503' },
  4: { reply: 'rate_limit', says: 'HTTP 429, not carried out; the next try works' },
  5: { reply: 'refused', says: 'HTTP 400, not carried out' },
  6: { reply: 'html', says: 'carried out, and a proxy answers with an HTML page and HTTP 502' },
  7: { reply: 'event_first', says: 'the payer has paid, and the event arrives before the reply' },
  8: { events: 'silent', says: 'no event is ever sent' },
  9: { events: 'twice', says: 'each event three times at once' },
  10: { reply: 'slow', says: 'the reply takes 3 s' },
};

export const worst = {
  lost: 0.1,
  error_before: 0.05,
  error_after: 0.1,
  rate_limit: 0.05,
  html: 0.05,
  event_first: 0.1,
  silent: 0.1,
  twice: 0.3,
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
  often(what) {
    return Boolean(this.rates[what]) && this.next() < this.rates[what];
  }
}

export function mannersOf(minor, random) {
  const scripted = byAmount[minor % 100];
  if (scripted) return scripted;
  const replies = ['lost', 'error_before', 'error_after', 'rate_limit', 'html', 'event_first'];
  return {
    reply: replies.find((kind) => random.often(kind)),
    events: ['silent', 'twice'].find((kind) => random.often(kind)),
  };
}
