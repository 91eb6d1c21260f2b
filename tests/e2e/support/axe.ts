import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';

import { expect } from './test';

/**
 * The picture of a shared page at the desk. It is the citizen's page, which is looked at where the citizen has it; and no script may run
 * in it, so that Chromium 156.0.8078.108 never ends what axe begins there.
 */
const PICTURE = ['[data-testid="share-frame"]', 'iframe'];

/** Fails on what keeps people from using the page; lesser findings are a matter of taste. */
export async function expectAccessible(page: Page, where: string): Promise<void> {
  // A colour that is still fading in has another contrast than the one people read.
  await page.evaluate(() =>
    Promise.allSettled(
      document
        .getAnimations()
        .filter((animation) => animation.effect?.getComputedTiming().iterations !== Infinity)
        .map((animation) => animation.finished),
    ),
  );
  const { violations } = await new AxeBuilder({ page }).exclude(PICTURE).analyze();
  const grave = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map((node) => `  ${node.html}\n  ${node.failureSummary ?? ''}`).join('\n')}`);
  expect(grave, where).toEqual([]);
}
