/**
 * Firefox as Debian has it. Playwright drives only a Firefox of its own making, so this one is driven by Puppeteer, over
 * WebDriver BiDi.
 */
import puppeteer, { type Browser } from 'puppeteer-core';

export const FIREFOX = process.env.FIREFOX ?? '/usr/bin/firefox-esr';

export async function firefox(): Promise<Browser> {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: FIREFOX,
    headless: true,
    defaultViewport: { width: 390, height: 800 },
    extraPrefsFirefox: { 'intl.accept_languages': 'zh-CN', 'app.update.enabled': false, 'datareporting.policy.dataSubmissionEnabled': false },
  });
}
