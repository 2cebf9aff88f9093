type Responses = Record<string, { content?: Record<string, unknown> }>;
interface Answer {
  status: number;
  type: string;
  id?: string | null;
  body?: unknown;
  cut?: string;
}
export function outcomeOf(answer: Answer | undefined, responses: Responses): 'done' | 'refused' | 'later' | 'open';
export function attempts(): (key?: string) => (answer: Answer | undefined, responses: Responses) => boolean;
export function responsesOf(openapi: any, method: string, pathname: string, bases?: string[]): Responses;
export function serverOf(openapi: any, here: { href: string; origin: string }): string;
