// The API as a till sees it over a bad network: whole replies, lost ones, and what to do next.
import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout } from 'node:timers';

/** @typedef {{status: number, headers: import('node:http').IncomingHttpHeaders, body: any}} Reply */
/** @typedef {{method: string, path: string, status: number, headers: [string, string][], text: string}} Exchange */

export class Client {
  /** @param {string} url @param {(exchange: Exchange) => void} [onReply] Sees every reply. */
  constructor(url, onReply = () => {}) {
    this.url = new URL(url);
    this.onReply = onReply;
    this.agent = new Agent({ keepAlive: true, maxSockets: 8 });
    this.token = '';
    this.refreshToken = '';
  }

  /** @param {{email: string, password: string, deviceId?: string}} login */
  async logIn({ email, password, deviceId }) {
    this.#keep(await this.ok('POST', '/v1/auth/login', { email, password, deviceId }));
  }

  // The access token lives ten minutes; a queue that is older than that begins here.
  async refresh() {
    this.#keep(await this.ok('POST', '/v1/auth/refresh', { refreshToken: this.refreshToken }));
  }

  /** @param {{accessToken: string, refreshToken: string}} tokens */
  #keep({ accessToken, refreshToken }) {
    this.token = accessToken;
    this.refreshToken = refreshToken;
  }

  /**
   * The body of a good reply; throws any other.
   * @param {string} method @param {string} path @param {unknown} [body]
   * @returns {Promise<any>}
   */
  async ok(method, path, body) {
    const reply = await this.send(method, path, body);
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body;
  }

  /** Every row of a list. @param {string} path @returns {Promise<any[]>} */
  async all(path) {
    const rows = [];
    let cursor = '';
    do {
      const page = await this.ok(
        'GET',
        `${path}${path.includes('?') ? '&' : '?'}limit=500${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      rows.push(...page.data);
      cursor = page.nextCursor ?? '';
    } while (cursor);
    return rows;
  }

  /**
   * Rejects when there is no reply. `loseReplyAfter`: milliseconds after which the line drops; the request is out by then.
   * @param {string} method @param {string} path @param {unknown} [body] @param {{loseReplyAfter?: number}} [network]
   * @returns {Promise<Reply>}
   */
  send(method, path, body, { loseReplyAfter } = {}) {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    /** @type {Record<string, string | number>} */
    const headers = { accept: 'application/json' };
    if (this.token && !path.endsWith('/login')) headers.authorization = `Bearer ${this.token}`;
    if (bytes) Object.assign(headers, { 'content-type': 'application/json', 'content-length': bytes.length });
    if (method === 'POST' && !/\/(sales|auth\/\w+)$/.test(path)) headers['idempotency-key'] = randomUUID();
    return new Promise((resolve, reject) => {
      const call = request(
        new URL(path, this.url),
        { method, headers, agent: this.agent, timeout: 20_000 },
        (response) => {
          /** @type {Buffer[]} */
          const chunks = [];
          response.on('data', (chunk) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            const status = response.statusCode ?? 0;
            this.onReply({ method, path, status, headers: pairsOf(response.rawHeaders), text });
            const isJson = /[/+]json\b/.test(response.headers['content-type'] ?? '');
            resolve({ status, headers: response.headers, body: isJson ? JSON.parse(text) : text });
          });
        },
      );
      call.on('error', reject);
      call.on('timeout', () => call.destroy(new Error('no reply within 20 s')));
      if (loseReplyAfter !== undefined) {
        call.on('finish', () => setTimeout(() => call.destroy(new Error('the line dropped')), loseReplyAfter));
      }
      call.end(bytes);
    });
  }

  close() {
    this.agent.destroy();
  }
}

/** Names and values in turn, as node:http has them. @param {string[]} raw @returns {[string, string][]} */
function pairsOf(raw) {
  return raw.flatMap((name, index) =>
    index % 2 === 0 ? [/** @type {[string, string]} */ ([name, raw[index + 1]])] : [],
  );
}
