export interface SampleRequest {
  method: string;
  url: string;
  path: string;
  pathValues: Record<string, string>;
  query: Record<string, string>;
  headers: string[][];
  body?: string;
  file: boolean;
  authorized: boolean;
}

export function literal(value: unknown, indent?: string): string;
export function samples(
  request: SampleRequest,
  options: { server: string; sdk?: string },
): { name: string; language: string; text: string }[];
