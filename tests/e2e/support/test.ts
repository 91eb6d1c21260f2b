import { test as base } from '@playwright/test';

import { Server } from './server';

/** Tests that have a server of their own: what one leaves behind never helps or hinders the next. */
export const test = base.extend<{ server: Server; serverConfig: string | undefined }>({
  serverConfig: [undefined, { option: true }],
  server: async ({ serverConfig }, use) => {
    const server = await Server.start(serverConfig);
    await use(server);
    await server.stop();
  },
});

export { expect } from '@playwright/test';
