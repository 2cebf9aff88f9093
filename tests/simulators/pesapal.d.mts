// Types of pesapal.mjs, for tests.

export interface Scenario {
  payer?: 'pays' | 'fails';
  after?: number;
  reply?: 'held' | 'lost' | 'html' | 'down' | 'refused' | 'hang' | 'ipnfirst' | 'nopage';
  replyTimes?: number;
  ipn?: 'once' | 'none' | 'twice' | 'parallel' | 'garbage';
  ipnAfter?: number;
  status?: 'late' | 'html' | 'bare' | 'other';
  paysAmount?: 'less';
  thenPays?: number;
}

export interface Order {
  trackingId: string;
  reference: string;
  amount: number;
  currency: string;
  state: 'pending' | 'paid' | 'failed' | 'reversed' | 'cancelled' | 'refused';
  scenario: Scenario;
  receipt?: string;
  told: number[];
  asked?: number;
  release?: (lost: boolean) => void;
}

export interface Moved {
  trackingId: string;
  reference: string;
  receipt: string;
  amount: number;
  currency: string;
  at: string;
  reversedAt?: string;
}

export interface Requests {
  token: number;
  list: number;
  register: number;
  order: number;
  status: number;
  cancel: number;
}

export interface Script {
  reference?: string;
  scenario?: Scenario;
  speed?: number;
  tokenDown?: number;
  killTokens?: boolean;
  reset?: boolean;
}

export interface Control {
  order?: string;
  reference?: string;
  outcome?: 'paid' | 'failed' | 'reversed';
  ipn?: boolean;
  body?: string;
  lost?: boolean;
  says?: 'pending' | 'completed' | 'failed' | 'error' | null;
}

export interface Pesapal {
  port: number;
  url: string;
  ledger(): { moved: Moved[]; total: number };
  orders(): Order[];
  requests(): Requests;
  script(order: Script): unknown;
  control(name: 'pay' | 'ipn' | 'release' | 'says', order: Control): Promise<Order | undefined>;
  close(): Promise<void>;
}

export const byAmount: Record<number, { does: string; scenario: Scenario }>;

export function start(options?: {
  port?: number;
  host?: string;
  speed?: number;
  callbackCa?: Buffer;
}): Promise<Pesapal>;
