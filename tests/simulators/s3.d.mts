// Types of s3.mjs, for tests.
export interface S3Answer {
  status: number;
  headers: Record<string, string | number>;
  body: string | Buffer;
}

export interface S3Call {
  method: string;
  url: string;
  key: string;
  query: [string, string][];
  headers: Record<string, string | undefined>;
  body: Buffer;
  status?: number;
  get(name: string): string | undefined;
  act(): S3Answer;
}

export interface S3Object {
  bytes: Buffer;
  etag: string;
  headers: Record<string, string>;
}

export class S3 {
  readonly bucket: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly url: string;
  readonly objects: Map<string, S3Object>;
  readonly uploads: Map<string, { key: string; parts: Map<number, Buffer> }>;
  readonly requests: S3Call[];
  fault: ((call: S3Call) => S3Answer | 'cut' | undefined | Promise<S3Answer | 'cut' | undefined>) | undefined;
  clockOffset: number;
  close(): Promise<void>;
}

export function refusal(status: number, code: string): S3Answer;

export function start(options?: {
  port?: number;
  bucket?: string;
  region?: string;
  accessKey?: string;
  secretKey?: string;
}): Promise<S3>;
