export function settles(
  answer: { status: number; type: string; body?: unknown; cut?: string },
  responses: Record<string, { content?: Record<string, unknown> }>,
): boolean;
