export function newKey(): string;
export function momentOf(date: Date, minutesEast?: number): string;
export function memberOf(body: string | undefined, name: 'key' | 'moment'): string | undefined;
export function withMember(body: string, name: 'key' | 'moment', value: string): string;
