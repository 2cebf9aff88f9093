export function measure(text: string): { encoding: 'gsm7' | 'ucs2'; units: number; parts: number };
