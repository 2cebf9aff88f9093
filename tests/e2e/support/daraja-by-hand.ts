// A Daraja that answers a prompt when the test says so, for orders of events that no number of the simulator stands for
// (tests/simulators/daraja.mjs plays whole customers). It keeps what it told, and moves no money.
//
//     const daraja = await DarajaByHand.start();
//     const prompt = daraja.promptFor(phone);             // once the service has asked; its reply is held back
//     prompt.reply();                                     // or prompt.lose()
//     daraja.says.set(prompt.checkoutId, 'paid');         // to queries from now on
//     await prompt.callBack(successOf(prompt, receipt));  // until somebody answers 200
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export type Said = 'pending' | 'paid' | 'declined';

export class Prompt {
  readonly checkoutId = `ws_CO_${randomBytes(12).toString('hex')}`;
  readonly merchantId = `${randomBytes(4).toString('hex')}-1`;
  // 'lost' also when the service went away meanwhile.
  answered: 'held' | 'replied' | 'lost' = 'held';

  constructor(
    readonly body: Record<string, any>,
    private readonly response: ServerResponse,
  ) {
    response.on('close', () => {
      if (this.answered === 'held') this.answered = 'lost';
    });
  }

  get shillings(): number {
    return Number(this.body.Amount);
  }

  reply(): void {
    if (this.answered !== 'held') return;
    this.answered = 'replied';
    const text = 'Success. Request accepted for processing';
    send(this.response, 200, {
      MerchantRequestID: this.merchantId,
      CheckoutRequestID: this.checkoutId,
      ResponseCode: '0',
      ResponseDescription: text,
      CustomerMessage: text,
    });
  }

  lose(): void {
    if (this.answered !== 'held') return;
    this.answered = 'lost';
    this.response.destroy();
  }

  // Until it is taken, as long as the test lasts: a server that is down is called again.
  async callBack(body: string, kind = 'stk'): Promise<void> {
    const url = String(this.body.CallBackURL);
    await deliver(kind === 'stk' ? url : url.replace(/\/stk.*$/, `/${kind}`), body);
  }
}

export class DarajaByHand {
  // What queries are told, by CheckoutRequestID; pending where nothing was said.
  readonly says = new Map<string, Said>();
  readonly queries = new Map<string, number>();
  // A prompt has no idempotency key: it must be sent once.
  readonly promptedTwice: string[] = [];
  private readonly prompts = new Map<string, Prompt>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<DarajaByHand> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const daraja = new DarajaByHand(server);
    server.on('request', (request, response) => void daraja.answer(request, response));
    return daraja;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  // The first one that this phone was sent, once it is.
  promptFor(phone: string): Prompt | undefined {
    return this.prompts.get(phone);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    const path = new URL(request.url ?? '/', this.url).pathname;
    const body = await bodyOf(request);
    if (path === '/oauth/v1/generate') return send(response, 200, { access_token: 'by-hand', expires_in: '3599' });
    if (path === '/mpesa/stkpush/v1/processrequest') return this.take(new Prompt(body, response));
    if (path === '/mpesa/stkpushquery/v1/query') return this.tell(String(body.CheckoutRequestID), response);
    if (path.startsWith('/mpesa/c2b/') || path.startsWith('/pulltransactions/'))
      return send(response, 200, { OriginatorCoversationID: '1', ResponseCode: '0', ResponseDescription: 'Success' });
    send(response, 404, { requestId: '1', errorCode: '404.001.01', errorMessage: 'Resource not found' });
  }

  private take(prompt: Prompt): void {
    const phone = String(prompt.body.PhoneNumber);
    if (this.prompts.has(phone)) this.promptedTwice.push(phone);
    else this.prompts.set(phone, prompt);
  }

  private tell(checkoutId: string, response: ServerResponse): void {
    this.queries.set(checkoutId, (this.queries.get(checkoutId) ?? 0) + 1);
    const [code, text] = results[this.says.get(checkoutId) ?? 'pending'];
    send(response, 200, {
      ResponseCode: '0',
      ResponseDescription: 'The service request has been accepted successfully',
      MerchantRequestID: '1-1',
      CheckoutRequestID: checkoutId,
      ResultCode: code,
      ResultDesc: text,
    });
  }
}

const results = {
  pending: ['4999', 'The transaction is still under processing'],
  paid: ['0', 'The service request is processed successfully.'],
  declined: ['1', 'The balance is insufficient for the transaction.'],
} as const;

export const successOf = (prompt: Prompt, receipt: string): string =>
  JSON.stringify({
    Body: {
      stkCallback: {
        MerchantRequestID: prompt.merchantId,
        CheckoutRequestID: prompt.checkoutId,
        ResultCode: 0,
        ResultDesc: 'The service request is processed successfully.',
        CallbackMetadata: {
          Item: [
            { Name: 'Amount', Value: prompt.shillings },
            { Name: 'MpesaReceiptNumber', Value: receipt },
            { Name: 'Balance' },
            { Name: 'TransactionDate', Value: 20261127103021 },
            { Name: 'PhoneNumber', Value: Number(prompt.body.PhoneNumber) },
          ],
        },
      },
    },
  });

// The same money, as the account's own.
export const confirmationOf = (prompt: Prompt, receipt: string): string =>
  JSON.stringify({
    TransactionType: 'Pay Bill',
    TransID: receipt,
    TransTime: '20261127103022',
    TransAmount: `${prompt.shillings}.00`,
    BusinessShortCode: String(prompt.body.BusinessShortCode),
    BillRefNumber: String(prompt.body.AccountReference),
    InvoiceNumber: '',
    OrgAccountBalance: '1000.00',
    ThirdPartyTransID: '',
    MSISDN: '2547 ***** 126',
    FirstName: 'AMANI',
    MiddleName: '',
    LastName: '',
  });

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, any>> {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of request) pieces.push(piece as Buffer);
    return JSON.parse(Buffer.concat(pieces).toString() || '{}');
  } catch {
    return {}; // the service went away in the middle
  }
}

async function deliver(url: string, body: string): Promise<void> {
  for (;;) {
    try {
      const headers = { 'content-type': 'application/json', connection: 'close' };
      const signal = AbortSignal.timeout(10_000);
      const reply = await fetch(url, { method: 'POST', headers, body, signal });
      await reply.text();
      if (reply.status === 200) return;
      if (reply.status < 500) throw new Refused(`${url} answered ${reply.status}`);
    } catch (error) {
      if (error instanceof Refused) throw error;
    }
    await sleep(50);
  }
}
class Refused extends Error {}
