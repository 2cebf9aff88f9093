export interface Entry {
  title: string;
  names?: string[];
  text?: string;
  minor?: boolean; // comes behind its equals
  href: string;
}

export function wordsOf(text: string): string[];
export function indexOf<E extends Entry>(entries: E[]): object[];
export function find(index: object[], query: string, limit?: number): Entry[];
