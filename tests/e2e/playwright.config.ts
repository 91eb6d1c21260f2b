import { defineConfig } from '@playwright/test';

// An empty CHROMIUM asks for the browser that Playwright brings; without the variable it is Debian's.
const browser = process.env.CHROMIUM ?? '/usr/bin/chromium';

export default defineConfig({
  testDir: '.',
  // Pictures for the documentation are no test: PICTURES=1 npx playwright test pictures
  testIgnore: process.env.PICTURES === '1' ? [] : ['pictures.spec.ts'],
  outputDir: 'results',
  reporter: 'list',
  // The stories measure how fast words arrive, and a second browser beside them would spoil the figures.
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  use: {
    actionTimeout: 15_000,
    locale: 'zh-CN',
    timezoneId: 'Asia/Shanghai',
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
    launchOptions: {
      ...(browser === '' ? {} : { executablePath: browser }),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});
