import { devices } from '@playwright/test';

import config from './playwright.config';
import { expectAccessible } from './support/axe';
import { Booth, DEVICES, loudest, noteWhen, received, Turn } from './support/call';
import { expect, test as base } from './support/test';

const { launchOptions } = config.use ?? {};
const test = base.extend<{ print: (name: string, value: string | number) => void }>({
  print: async ({}, use, info) => {
    await use((name, value) => console.log(`[${info.title}] ${name}: ${value}`));
  },
});
// Devices take their time to start on a busy machine.
test.setTimeout(120_000);
test.use({ launchOptions: { ...launchOptions, args: [...(launchOptions?.args ?? []), ...DEVICES] } });

/** When a track of the citizen's was let go, and when the helper's desk knew, after a press in the citizen's page. */
async function ends(booth: Booth, media: 'voice' | 'screen', press: () => Promise<void>): Promise<{ track: number; desk: number }> {
  const { form, desk } = booth;
  const noted = await noteWhen(desk, `call-${media}`, 'data-phase', 'over');
  await form.evaluate(() => {
    window.kept.ended.length = 0;
    for (const kind of ['click', 'ended']) {
      window.addEventListener(kind, () => Object.assign(window, { pressed: Date.now() }), { capture: true, once: true });
    }
  });
  await press();
  const over = await noted();
  const { pressed, ended } = await form.evaluate(() => ({
    pressed: (window as unknown as { pressed: number }).pressed,
    ended: window.kept.ended.at(-1) ?? Infinity,
  }));
  return { track: ended - pressed, desk: over - pressed };
}

test('a citizen and a helper speak, mute, and hang up', async ({ browser, print }) => {
  const booth = await Booth.open(browser);
  const { desk, form } = booth;
  try {
    await booth.share();
    await test.step('nobody hears anything before the citizen agrees', async () => {
      await desk.getByTestId('call-ask-voice').click();
      await expect(form.getByTestId('consent')).toHaveAttribute('data-scope', 'voice');
      expect(await form.evaluate(() => window.kept.tracks.length), 'the microphone is off').toBe(0);
      await form.getByTestId('consent-no').click();
      await booth.phase('voice', 'over');
      await expect(desk.getByTestId('call-voice')).toHaveAttribute('data-why', 'declined');
      expect(await desk.evaluate(() => window.kept.tracks.every(({ readyState }) => readyState === 'ended'))).toBe(true);
    });
    await test.step('both hear each other', async () => {
      const began = Date.now();
      await booth.call();
      await booth.phase('voice', 'connected');
      print('from agreeing to speaking (ms)', Date.now() - began);
      await expect(form.getByTestId('call-voice')).toHaveAttribute('data-state', 'connected');
      for (const [who, page] of [['the helper', desk], ['the citizen', form]] as const) {
        print(`loudest moment at ${who}'s`, (await loudest(page)).toFixed(3));
        const { packets, local, remote } = await received(page);
        print(`packets at ${who}'s, by ${local} and ${remote}`, packets);
        expect(packets).toBeGreaterThan(0);
        expect(await page.evaluate(() => {
          const inside = (root: ParentNode): HTMLAudioElement | null =>
            root.querySelector('audio') ?? [...root.querySelectorAll('*')].map(({ shadowRoot }) => shadowRoot && inside(shadowRoot)).find(Boolean) ?? null;
          return inside(document)?.paused;
        }), 'it is played').toBe(false);
      }
      await expectAccessible(desk, 'desk in a call');
    });
    await test.step('a citizen who mutes is silent, and both are told', async () => {
      await form.getByTestId('call-mute').click();
      await expect(desk.getByTestId('call-voice')).toContainText('群众静音了');
      await expect(form.getByTestId('call-voice')).toContainText('麦克风已关');
      await desk.waitForTimeout(500);
      const { energy, packets } = await received(desk);
      await desk.waitForTimeout(1_500);
      const after = await received(desk);
      print('energy at the helper in 1.5 s of silence', after.energy - energy);
      expect(after.energy - energy).toBeLessThan(1e-6);
      expect(after.packets, 'the line stays').toBeGreaterThan(packets);
      await form.getByTestId('call-mute').click();
      await expect(desk.getByTestId('call-voice')).not.toContainText('群众静音了');
      await loudest(desk);
      await desk.getByTestId('call-mute').click();
      await expect(desk.getByTestId('call-voice')).toContainText('您的麦克风已关');
    });
    await test.step('hanging up stops the microphone at once', async () => {
      const took = await ends(booth, 'voice', () => form.getByTestId('take-back-voice').click());
      print('from the press to a stopped track (ms)', took.track);
      print('from the press to the helper’s news (ms)', took.desk);
      expect(took.track).toBeLessThan(500);
      expect(took.desk).toBeLessThan(500);
      await expect(form.getByTestId('call-voice')).toBeHidden();
      expect(await desk.evaluate(() => window.kept.tracks.every(({ readyState }) => readyState === 'ended'))).toBe(true);
    });
    await test.step('the helper asks again, and is the one who hangs up', async () => {
      await booth.call();
      await booth.phase('voice', 'connected');
      await desk.getByTestId('call-end-voice').click();
      await expect(form.getByTestId('call-toast')).toContainText('通话结束');
      expect(await form.evaluate(() => window.kept.tracks.every(({ readyState }) => readyState === 'ended'))).toBe(true);
      await expect(form.getByTestId('share-bar')).toBeVisible();
    });
  } finally {
    await booth.close();
  }
});

test('a desktop is shown, looked at, and let go', async ({ browser, print }) => {
  const booth = await Booth.open(browser);
  const { desk, form } = booth;
  try {
    await booth.ask('screen');
    await test.step('after a warning, a window is chosen', async () => {
      await expect(form.locator('#desktop')).toBeVisible();
      await expectAccessible(form, 'page of the link');
      await form.locator('#show').click();
      await expect(form.getByTestId('consent')).toHaveAttribute('data-scope', 'screen');
      await expect(form.getByTestId('consent')).toContainText('没有圆点遮住');
      await expectAccessible(form, 'consent to a desktop');
      expect(await form.evaluate(() => window.kept.tracks.length)).toBe(0);
      await form.getByTestId('consent-yes').click();
      await booth.phase('screen', 'connected');
      await expect(form.getByTestId('share-bar')).toContainText('正在共享屏幕');
    });
    await test.step('its picture arrives, and no sound', async () => {
      await expect.poll(async () => (await received(desk)).frames).toBeGreaterThan(10);
      const { frames, local, remote } = await received(desk);
      print(`frames decoded at the desk, by ${local} and ${remote}`, frames);
      const video = desk.getByTestId('call-video');
      await expect.poll(() => video.evaluate((one: HTMLVideoElement) => one.videoWidth * one.videoHeight)).toBeGreaterThan(0);
      print('size of the picture', await video.evaluate((one: HTMLVideoElement) => `${one.videoWidth}×${one.videoHeight}`));
      expect(await form.evaluate(() => window.kept.tracks.map(({ kind }) => kind))).toEqual(['video']);
      expect((await received(form)).packets, 'nothing comes back').toBe(0);
    });
    await test.step('stopping ends it at once', async () => {
      const took = await ends(booth, 'screen', () => form.getByTestId('take-back-screen').click());
      print('from the press to a stopped track (ms)', took.track);
      print('from the press to the helper’s news (ms)', took.desk);
      expect(took.track).toBeLessThan(500);
      expect(took.desk).toBeLessThan(500);
      await expect(desk.getByTestId('call-video')).toHaveCount(0);
    });
    await test.step('one can speak there as well', async () => {
      await desk.getByTestId('call-ask-voice').click();
      await expect(form.getByTestId('consent')).toHaveAttribute('data-scope', 'voice');
      // Not beside a form that is looked at: what such a check costs would end the share of a slow page.
      await expectAccessible(form, 'consent to a call');
      await form.getByTestId('consent-yes').click();
      await booth.phase('voice', 'connected');
      await expectAccessible(form, 'bar of a call');
      await form.getByTestId('take-back-voice').click();
      await booth.phase('voice', 'over');
    });
    await test.step('so does the browser’s own bar', async () => {
      await form.locator('#show').click();
      await form.getByTestId('consent-yes').click();
      await booth.phase('screen', 'connected');
      const took = await ends(booth, 'screen', () =>
        // What the browser does when its own bar is pressed; a made-up device has no bar.
        form.evaluate(() => {
          const track = window.kept.tracks.at(-1);
          MediaStreamTrack.prototype.stop.call(track);
          Object.assign(window, { pressed: Date.now() });
          track?.dispatchEvent(new Event('ended'));
        }),
      );
      print('from the browser’s stop to the helper’s news (ms)', took.desk);
      expect(took.desk).toBeLessThan(500);
    });
    await test.step('loading the page again asks again', async () => {
      await form.reload();
      await expect(form.locator('#desktop')).toBeVisible();
      await form.locator('#show').click();
      await expect(form.getByTestId('consent')).toHaveAttribute('data-scope', 'screen');
      await form.getByTestId('consent-no').click();
      await expect(desk.getByTestId('call-screen')).toHaveAttribute('data-why', 'declined');
    });
    await test.step('the form is there instead', async () => {
      await form.locator('#form').click();
      await form.waitForURL(/\/forms\/enterprise/);
      await form.getByTestId('consent-yes').click();
      await expect(desk.getByTestId('share-panel')).toHaveAttribute('data-shown', 'true');
    });
  } finally {
    await booth.close();
  }
});

test('a phone is offered the form, and the helper is told why', async ({ browser }) => {
  const { defaultBrowserType: _, ...phone } = devices['Pixel 7'];
  const booth = await Booth.open(browser, undefined, phone);
  const { desk, form } = booth;
  try {
    await booth.ask('screen');
    await form.waitForURL(/\/forms\/enterprise/);
    await expect(desk.getByTestId('call-screen')).toHaveAttribute('data-why', 'phone');
    await expect(desk.getByTestId('call-screen')).toContainText('手机');
    await form.getByTestId('consent-yes').click();
    await expect(desk.getByTestId('share-panel')).toHaveAttribute('data-shown', 'true');
    // A voice works there all the same.
    await booth.call();
    await booth.phase('voice', 'connected');
    await expect(form.getByTestId('call-voice')).toBeInViewport();
  } finally {
    await booth.close();
  }
});

test('with a relay nobody learns the other’s address', async ({ browser, print }) => {
  const turn = await Turn.start('north');
  const booth = await Booth.open(browser, turn.config('north'));
  const { desk, form } = booth;
  try {
    await booth.share();
    const began = Date.now();
    await booth.call();
    await booth.phase('voice', 'connected');
    print('from agreeing to speaking over coturn (ms)', Date.now() - began);
    for (const [who, page] of [['helper', desk], ['citizen', form]] as const) {
      await loudest(page);
      const { local, remote, packets } = await received(page);
      print(`${who}: selected pair`, `${local} – ${remote}, ${packets} packets`);
      expect([local, remote]).toEqual(['relay', 'relay']);
    }
  } finally {
    await booth.close();
    await turn.stop();
  }
});

test('a wrong secret of the relay fails plainly, and the share goes on', async ({ browser, print }) => {
  const turn = await Turn.start('north');
  const booth = await Booth.open(browser, turn.config('south'));
  const { desk, form } = booth;
  try {
    await booth.share();
    const began = Date.now();
    await booth.call();
    await booth.phase('voice', 'over');
    print('from agreeing to being told (ms)', Date.now() - began);
    await expect(desk.getByTestId('call-voice')).toHaveAttribute('data-why', 'relay');
    await expect(desk.getByTestId('call-voice')).toContainText('[assist.turn]');
    await expect(form.getByTestId('call-toast')).toContainText('没有接通');
    expect(turn.log()).toMatch(/error 401|Cannot find credentials|check_stun_auth/);
    for (const page of [desk, form]) {
      expect(await page.evaluate(() => window.kept.tracks.every(({ readyState }) => readyState === 'ended'))).toBe(true);
    }
    await form.locator('#trade').fill('禾苗');
    const picture = desk.frameLocator('[data-testid="share-frame"]').frameLocator('.page:not(.building) iframe');
    await expect(picture.locator('input[name="trade"]')).not.toHaveValue('');
  } finally {
    await booth.close();
    await turn.stop();
  }
});
