// Webhooks that are sent again after every answer but 200, with the manners of the payment: not at all, or twice.
import { Buffer } from 'node:buffer';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';

// The status of the answer; 0: there was none within 10 s.
export function post(url, body, headers, ca) {
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
        headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), ...headers },
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

export class Deliveries {
  // `retryMs`: the first pause, doubled up to 30 times it; `tries`: so many, then it is given up.
  constructor({ ca, retryMs = 100, tries = 20 }) {
    Object.assign(this, { ca, retryMs, tries });
    this.done = [];
    this.underWay = new Set();
    this.ended = false;
  }
  // The same bytes each time. The status of the last answer.
  send(url, body, headers) {
    const promise = this.deliver(url, body, headers);
    this.underWay.add(promise);
    promise.finally(() => this.underWay.delete(promise));
    return promise;
  }
  async deliver(url, body, headers) {
    let status = 0;
    for (let attempt = 0; attempt < this.tries && !this.ended; ++attempt) {
      if (attempt > 0) await wait(this.retryMs * Math.min(2 ** (attempt - 1), 30), undefined, { ref: false });
      status = await post(url, body, headers, this.ca);
      this.done.push({ url, status, event: JSON.parse(body).event });
      if (status === 200 || status === 403 || status === 401) break;
    }
    return status;
  }
  // When nothing is on its way any more.
  async idle() {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }
}
