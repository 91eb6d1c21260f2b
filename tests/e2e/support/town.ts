import { join } from 'node:path';

import type { Browser, Page } from '@playwright/test';

import { expectAccessible } from './axe';
import { Citizen, PHONE } from './citizen';
import { ForeignSite } from './foreign';
import { logInAs, Provider, type ProviderOptions } from './provider';
import { Server } from './server';
import { expect, test as base } from './test';

export interface Town {
  server: Server;
  /** Another site, whose pages may carry the widget. */
  site: ForeignSite;
}

/** A server whose citizens log in at a provider that is not ours. */
export const test = base.extend<{ provided: ProviderOptions; town: Town }>({
  provided: [{}, { option: true }],
  town: async ({ provided }, use) => {
    const provider = await Provider.listen(provided);
    const site = new ForeignSite();
    await site.listen();
    const web = `[channels.web]\ntype = "web"\nallowed_origins = ["${site.url}"]\n`;
    const server = await Server.start((url) => provider.config(url, web));
    provider.serve(server.url);
    site.carry(server.url);
    await use({ server, site });
    await server.stop();
    site.close();
    provider.close();
  },
});

/** Free of barriers; LOOK=directory keeps a picture of each state. */
export async function look(page: Page, where: string): Promise<void> {
  await expectAccessible(page, where);
  const { LOOK } = process.env;
  if (LOOK !== undefined) await page.screenshot({ path: join(LOOK, `${where}.png`), fullPage: true });
}

/** Waits until 我的咨询 shows this screen. */
export async function shows(page: Page, screen: string): Promise<void> {
  await expect(page.getByTestId('me')).toHaveAttribute('data-screen', screen, { timeout: 15_000 });
}

/** Presses the widget's login and gives the window that opens. */
export async function begin(page: Page, first = 'ticket'): Promise<Page> {
  const opened = page.waitForEvent('popup');
  await page.getByTestId('login').click();
  const popup = await opened;
  await shows(popup, first);
  return popup;
}

export async function arriveElsewhere(browser: Browser, url: string): Promise<Citizen> {
  const context = await browser.newContext({ viewport: PHONE, hasTouch: true, isMobile: true });
  const citizen = new Citizen(await context.newPage());
  await citizen.page.goto(url);
  await citizen.page.getByTestId('launcher').click();
  await citizen.connected();
  return citizen;
}

/** Logs in from our own page, where the code comes back by itself, and leaves the window at 我的咨询. */
export async function link(citizen: Citizen, who = 'zhang'): Promise<Page> {
  const popup = await begin(citizen.page);
  await popup.getByTestId('login').click();
  await logInAs(popup, who);
  await shows(popup, 'consent');
  await popup.getByTestId('agree').click();
  await shows(popup, 'done');
  await popup.getByTestId('to-home').click();
  await shows(popup, 'home');
  return popup;
}

/** A login begun in the name of this visitor, without pressing anything. */
export async function beginQuietly({ page }: Citizen): Promise<string> {
  return page.evaluate(async () => {
    const headers = { authorization: `Bearer ${localStorage.getItem('yikouwen.token') ?? ''}`, 'content-type': 'application/json' };
    const begun = await fetch('/channels/web/login', { method: 'POST', headers, body: '{}' });
    return ((await begun.json()) as { id: string }).id;
  });
}
