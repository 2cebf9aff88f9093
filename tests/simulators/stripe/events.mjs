// Events: made once, delivered to each endpoint with a signature of that moment, again after every answer but 2xx, with the manners of
// the payment: not at all, twice, in disorder.
import { createHmac, randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';

export function signatureOf(body, secrets, at = Math.floor(Date.now() / 1000)) {
  const signatures = secrets.map(
    (secret) => `v1=${createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')}`,
  );
  return `t=${at},${signatures.join(',')},v0=${'0'.repeat(64)}`;
}

// The status of the answer; 0: there was none within 10 s.
function post(url, body, headers, ca) {
  const target = new URL(url);
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const sent = send(
      target,
      {
        method: 'POST',
        ca,
        agent: false,
        timeout: 10_000,
        headers: { 'Content-Type': 'application/json', ...headers },
      },
      (reply) => {
        reply.resume();
        reply.on('end', () => resolve(reply.statusCode));
        reply.on('error', () => resolve(0));
      },
    );
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve(0));
    sent.end(body);
  });
}

export class Events {
  // `retryMs`: the first pause, doubled up to 30 times it; `tries`: so many, then the event is given up.
  constructor({ ca, retryMs = 100, tries = 20, random }) {
    Object.assign(this, { ca, retryMs, tries, random });
    this.endpoints = [];
    this.events = [];
    this.deliveries = [];
    this.underWay = new Set();
    this.held = [];
    this.ended = false;
  }

  addEndpoint({ url, secret = `whsec_${randomBytes(24).toString('hex')}`, account }) {
    const endpoint = { id: `we_${randomBytes(8).toString('hex')}`, url, secrets: [secret], account };
    this.endpoints.push(endpoint);
    return endpoint;
  }

  make({ account, type, object, livemode, apiVersion, created }) {
    const event = {
      id: `evt_${randomBytes(12).toString('hex')}`,
      object: 'event',
      api_version: apiVersion,
      created,
      data: { object },
      livemode,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
      type,
    };
    // As it is now: what happens to the object afterwards is another event.
    this.events.push({ account, body: JSON.stringify(event), event: JSON.parse(JSON.stringify(event)) });
    return this.events.at(-1);
  }

  // `manners`: {silent, twice, disorder}
  announce(record, manners = {}) {
    if (manners.silent) return;
    const times = manners.twice || this.random.often('twice') ? 2 : 1;
    for (let i = 0; i < times; ++i) {
      if (manners.disorder || this.random.often('disorder')) this.held.push(record);
      else this.deliver(record);
    }
    if (this.held.length > 0) this.start(this.releaseHeld());
  }
  // What is held goes out a moment later, the last one first.
  async releaseHeld() {
    await wait(20);
    const records = this.held.splice(0).reverse();
    for (const record of records) this.deliver(record);
  }

  deliver(record) {
    for (const endpoint of this.endpoints)
      if (!endpoint.account || endpoint.account === record.account) this.start(this.deliverTo(endpoint, record));
  }
  async deliverTo(endpoint, record) {
    for (let attempt = 0; attempt < this.tries && !this.ended; ++attempt) {
      if (attempt > 0) await wait(this.retryMs * Math.min(2 ** (attempt - 1), 30), undefined, { ref: false });
      // Each delivery is signed anew.
      const headers = { 'Stripe-Signature': signatureOf(record.body, endpoint.secrets) };
      const status = await post(endpoint.url, record.body, headers, this.ca);
      this.deliveries.push({ event: record.event.id, type: record.event.type, endpoint: endpoint.id, status });
      // A redirect is a failure as well.
      if (status >= 200 && status < 300) return;
    }
  }

  start(promise) {
    this.underWay.add(promise);
    promise.finally(() => this.underWay.delete(promise));
  }
  // When nothing is on its way any more.
  async idle() {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }
  stop() {
    this.ended = true;
  }
}
