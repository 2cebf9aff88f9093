export function indented(text: string): string;
