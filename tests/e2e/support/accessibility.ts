// What axe-core finds that keeps somebody from reading or using a page: its serious and critical rules, contrast below 4.5 among
// them. Pages allow no script but their own, so it is evaluated.
//
//     expect(await accessibilityFindings(page)).toEqual([]);
import axe from 'axe-core';
import type { Page } from 'playwright-core';

export async function accessibilityFindings(page: Page, within = 'html'): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source);
  await stillness(page);
  return page.evaluate(async (selector) => {
    const { violations, passes } = await (globalThis as any).axe.run(selector, { preload: false });
    const serious = violations.filter(({ impact }: any) => impact === 'serious' || impact === 'critical');
    const found = serious.flatMap(({ id, nodes }: any) =>
      nodes.slice(0, 5).map((node: any) => `${id}: ${node.target.join(' ')}: ${node.failureSummary}`),
    );
    const looked = [...violations, ...passes].some(({ id }: any) => id === 'color-contrast');
    return looked ? found : [...found, 'color-contrast: was not looked at'];
  }, within);
}

// The fonts are there and what moves has arrived: a colour or a place that still changes is nobody's.
export async function stillness(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const ends = (one: Animation) => Number.isFinite(one.effect?.getComputedTiming().endTime ?? Infinity);
    const moving = () => document.getAnimations().filter((one) => one.playState === 'running' && ends(one));
    await document.fonts.ready;
    while (moving().length > 0) await Promise.allSettled(moving().map(({ finished }) => finished));
  });
}
