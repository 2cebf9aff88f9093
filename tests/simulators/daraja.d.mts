// Types of daraja.mjs, for tests.

export interface Scenario {
  name?: string;
  payer?: number | string;
  after?: number;
  refuse?: string;
  refuseTimes?: number;
  acts?: boolean;
  reply?: 'cut' | 'hang' | 'aftercallback';
  callbacks?: 'once' | 'twice' | 'parallel' | 'none' | 'garbage';
  callbackAfter?: number;
  metadata?: 'none' | 'noreceipt' | 'strings';
  query?: '4999' | '500' | 'fails' | 'html';
  paysAmount?: 'less';
  thenPays?: number;
  confirmsFirst?: boolean;
  payerTimes?: number;
}

export interface Moved {
  checkoutId?: string;
  receipt: string;
  amount: number;
  phone: string;
  reference: string;
  account: string;
  at: string;
  by: 'stk' | 'c2b';
  reversedAt?: string;
}

export interface Payout {
  kind: 'payout' | 'reversal';
  originatorId: string;
  conversationId: string;
  amount: number;
  phone: string;
  shortCode: string;
  of?: string;
  code?: number | string;
  receipt?: string;
  times?: number;
  isOver: boolean;
  callbackStatuses: number[];
}

export interface Attempt {
  checkoutId: string;
  phone: string;
  amount: number;
  reference: string;
  shortCode: string;
  account: string;
  scenario: Scenario;
  isOver: boolean;
  code?: number | string;
  receipt?: string;
  callbackStatuses: number[];
}

export interface Script {
  phone?: string;
  name?: string;
  scenario?: Scenario;
  speed?: number;
  manners?: number | null;
  queryLimit?: number;
  utility?: number;
  token?: { expiresIn?: string | number | null; kill?: boolean; down?: number };
  reset?: boolean;
}

export interface Daraja {
  port: number;
  url: string;
  ledger(): { moved: Moved[]; total: number };
  attempts(): Attempt[];
  requests(): { token: number; push: number; query: number };
  payouts(): {
    payouts: Payout[];
    requests: { payout: number; reversal: number; status: number; balance: number };
    utility: number;
  };
  certificate(): string;
  script(order: Script): unknown;
  pay(order: { shortCode: string; amount: number; phone: string; reference?: string }): Promise<unknown>;
  close(): Promise<void>;
}

export function start(options?: {
  port?: number;
  host?: string;
  speed?: number;
  manners?: number;
  queryLimit?: number;
  production?: boolean;
  callbackCa?: Buffer;
}): Promise<Daraja>;
