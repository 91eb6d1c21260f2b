import type { Browser, Page } from '@playwright/test';

import { PHONE } from './citizen';
import { expect } from './test';

/** What apps call themselves, as found in the field in 2025 and 2026; only the phones' names are of our choosing. */
export const AGENTS = {
  'WeChat on Android':
    'Mozilla/5.0 (Linux; Android 13; PJA110 Build/TP1A.220905.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 ' +
    'Chrome/142.0.7444.173 Mobile Safari/537.36 XWEB/1420193 MMWEBSDK/20251006 MMWEBID/3782 ' +
    'MicroMessenger/8.0.66.2980(0x28004252) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN ABI/arm64',
  'WeChat on iOS':
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_3_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 ' +
    'MicroMessenger/8.0.59(0x18003b28) NetType/WIFI Language/zh_CN',
  'DingTalk on Android':
    'Mozilla/5.0 (Linux; U; Android 13; zh-CN; PEMT00 Build/TP1A.220905.001) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 ' +
    'Chrome/69.0.3497.100 UWS/3.22.1.249 Mobile Safari/537.36 AliApp(DingTalk/7.0.0.11) com.alibaba.android.rimet/27811579 ' +
    'Channel/263200 language/zh-CN abi/64 UT4Aplus/0.2.25 colorScheme/light',
  'DingTalk on iOS':
    'Mozilla/5.0 (iPhone; CPU iPhone OS 26_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/23E246 ' +
    'AliApp(DingTalk/7.8.1) com.laiwang.DingTalk/46766536 Channel/201200 language/zh-Hans-CN UT4Aplus/0.0.6 WK',
} as const;

export type App = keyof typeof AGENTS;

export interface View {
  /** How much larger the app shows letters, in percent, as its own setting of the letters' size does. */
  letters?: number;
  height?: number;
}

/** A page as an app on a phone shows it. */
export async function view(browser: Browser, app: App, { letters = 100, height = PHONE.height }: View = {}): Promise<Page> {
  const context = await browser.newContext({
    viewport: { ...PHONE, height },
    hasTouch: true,
    isMobile: true,
    userAgent: AGENTS[app],
  });
  // A view knows one window: whatever opens another takes the page's place.
  await context.addInitScript(() => {
    window.open = (url) => {
      location.href = String(url);
      return null;
    };
  });
  await context.addInitScript((percent) => {
    document.addEventListener('DOMContentLoaded', () => document.body.style.setProperty('-webkit-text-size-adjust', `${percent}%`));
  }, letters);
  return context.newPage();
}

/** Nothing may reach over the side, stand over the other parts, or be cut off. */
export async function expectTidy(page: Page, where: string): Promise<void> {
  const found = await page.evaluate(() => {
    const over = document.documentElement.scrollWidth - window.innerWidth;
    const root = document.querySelector('yikouwen-chat')?.shadowRoot ?? document;
    const cut = Array.from(root.querySelectorAll<HTMLElement>('button:not(.mark), a, .bubble, h1, h2, h3, .status, .ai-label'))
      .filter((one) => one.offsetParent !== null)
      .filter((one) => {
        const { left, right } = one.getBoundingClientRect();
        return left < -1 || right > window.innerWidth + 1 || one.scrollWidth > one.clientWidth + 2;
      })
      .map((one) => one.outerHTML.slice(0, 120));
    return { over, cut };
  });
  expect(found.cut, where).toEqual([]);
  expect(found.over, where).toBeLessThanOrEqual(0);
}
