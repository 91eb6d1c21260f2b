import type { Enterprise } from '@yikouwen/shared/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { createApp, h, type App } from 'vue';

import { createDesk, deskKey } from '../src/desk';
import { setLocale } from '../src/locale';
import WorkplaceLine from '../src/views/WorkplaceLine.vue';
import { api, settled, transcript } from './make';

let app: App | undefined;
afterEach(() => {
  app?.unmount();
  document.body.innerHTML = '';
  setLocale('zh');
});

/** What stands in the line when the server answers so. */
async function shown(answer: () => Promise<Enterprise | undefined>): Promise<string | undefined> {
  app?.unmount();
  document.body.innerHTML = '';
  const desk = createDesk({ api: api({ enterprise: answer }), name: 'zhang', alerts: { play: () => undefined } });
  app = createApp({ render: () => h(WorkplaceLine, { talk: transcript({ channel: 'dingtalk' }) }) });
  app.provide(deskKey, desk);
  app.mount(document.body.appendChild(document.createElement('div')));
  await settled();
  return document.querySelector('[data-testid="workplace"]')?.textContent ?? undefined;
}

describe('where a citizen works', () => {
  it('stands in one line, as far as it is known', async () => {
    const whole = { organisation: '某某公司', department: '财务部', position: '会计' };
    expect(await shown(() => Promise.resolve(whole))).toBe('某某公司 · 财务部 · 会计（钉钉）');
    setLocale('en');
    expect(await shown(() => Promise.resolve({ position: 'Accountant' }))).toBe('Accountant (DingTalk)');
  });

  it('is no line when it is not known or the question fails', async () => {
    expect(await shown(() => Promise.resolve(undefined))).toBeUndefined();
    expect(await shown(() => Promise.resolve({}))).toBeUndefined();
    expect(await shown(() => Promise.reject(new Error('late')))).toBeUndefined();
  });
});
