import { test as base } from '@playwright/test';

import { Server } from './server';

/** Tests that have a server of their own: what one leaves behind never helps or hinders the next. */
export const test = base.extend<{ server: Server; serverConfig: string | undefined; tidy: void }>({
  /** Pages that a test has left open go on drawing and calling for a server that is gone, and slow the next ones down. */
  tidy: [
    async ({ browser }, use) => {
      await use();
      await Promise.all(browser.contexts().map((context) => context.close()));
    },
    { auto: true },
  ],
  serverConfig: [undefined, { option: true }],
  server: async ({ serverConfig }, use) => {
    const server = await Server.start(serverConfig);
    await use(server);
    await server.stop();
  },
});

export { expect } from '@playwright/test';
