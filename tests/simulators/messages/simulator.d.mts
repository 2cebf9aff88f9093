// Types of the simulators of messages, for tests.

export interface Fate {
  refuse?: 'number' | 'sender' | 'balance' | 'stop' | 'busy' | string | number;
  reply?: 'hang' | 'cut' | 'html' | 'down' | 'limited';
  times?: number;
  report?: 'once' | 'none' | 'first' | 'twice' | 'disorder' | 'failed' | 'absent';
  code?: string | number;
}

export interface Message {
  id: string;
  to: string;
  text: string;
  status: string;
  at: string;
  from?: string;
  parts?: number;
  callback?: string;
  type?: 'text' | 'template';
  template?: string;
  language?: string;
  body?: unknown;
}

export interface Request {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

export interface MessageSimulator {
  port: number;
  url: string;
  messages(): Message[];
  requests(): Request[];
  told(): { url: string; status: number; body: string }[];
  script(order: { to?: string; fate?: Fate; reset?: boolean; reportAfter?: number }): unknown;
  receive(order: {
    from: string;
    text?: string;
    to?: string;
    optOut?: boolean;
    optOutType?: 'STOP' | 'START' | 'HELP';
  }): Promise<{ status: number }>;
  report(id: string, step: string, code?: string | number): Promise<number>;
  idle(): Promise<unknown>;
  close(): Promise<void>;
}
