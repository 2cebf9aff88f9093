// Types of daraja-numbers.mjs, for tests.

import type { Scenario } from './daraja.mjs';

export const numbers: { phone: string; name: string; does: string; scenario: Scenario }[];
export function scenarioOf(which: string): Scenario | undefined;
export function badManners(
  seed: number,
  prompt: { PhoneNumber: string; Amount: string; AccountReference: string },
): Scenario;
export function descriptionOf(code: number | string): string;
export function isPaid(code: number | string): boolean;
