import { Citizen } from './support/citizen';
import { Helper } from './support/helper';
import { FIRST_HELPER, HUMAN } from './support/story';
import { expect, test } from './support/test';

/** A red square of 40 by 40, made by the browser itself, so that it is a picture beyond doubt. */
async function picture(page: Citizen['page']): Promise<Buffer> {
  const url = await page.evaluate(() => {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 40;
    const brush = canvas.getContext('2d');
    if (!brush) throw new Error('nothing to draw with');
    brush.fillStyle = 'red';
    brush.fillRect(0, 0, 40, 40);
    return canvas.toDataURL('image/png');
  });
  return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
}

/** Whether a picture was drawn, and how wide it is by itself. */
const width = (image: ReturnType<Citizen['messages']>): Promise<number> =>
  image.evaluate((element) => (element as HTMLImageElement).decode().then(() => (element as HTMLImageElement).naturalWidth));

test('a citizen sends a picture, a helper sees it and sends one back', async ({ browser, server }) => {
  server.addHelper(FIRST_HELPER);
  const citizen = await Citizen.arrive(browser, server.url);
  const red = await picture(citizen.page);
  const sends = (name: string, buffer: Buffer): Promise<void> =>
    citizen.page.getByTestId('attach-field').setInputFiles({ name, mimeType: 'application/octet-stream', buffer });

  await test.step('the robot sees no pictures and says so', async () => {
    await sends('身份证.png', red);
    await expect(citizen.messages('robot')).toHaveCount(1);
    await expect(citizen.messages('robot').last()).toContainText('图片');
    await expect(citizen.page.getByTestId('pending-file')).toHaveCount(0);
    expect(await width(citizen.messages('citizen').getByTestId('picture').locator('img'))).toBe(40);
  });

  await test.step('what is no picture is refused in words', async () => {
    await sends('页面.png', Buffer.from('<html><script>alert(1)</script></html>'));
    await expect(citizen.page.getByTestId('pending-file')).toHaveAttribute('data-status', 'failed');
    await expect(citizen.page.getByTestId('notice')).toContainText('不能发送这种文件');
    await citizen.page.getByTestId('file-drop').click();
    await expect(citizen.page.getByTestId('pending-file')).toHaveCount(0);
  });

  await citizen.ask(HUMAN);
  const helper = await Helper.logIn(browser, server.url, FIRST_HELPER);
  await helper.claim();

  await test.step('the helper sees it', async () => {
    expect(await width(helper.messages('citizen').getByTestId('picture').first())).toBe(40);
  });

  await test.step('one comes back and can be saved', async () => {
    await helper.page.getByTestId('attach-field').setInputFiles([
      { name: '样表.png', mimeType: 'image/png', buffer: red },
      { name: '说明.txt', mimeType: 'text/plain', buffer: Buffer.from('请带原件') },
    ]);
    await expect(helper.messages('helper')).toHaveCount(2);
    await expect(helper.page.getByTestId('outgoing-file')).toHaveCount(0);
    await expect(citizen.messages('helper')).toHaveCount(2);
    expect(await width(citizen.messages('helper').getByTestId('picture').locator('img'))).toBe(40);
    const saved = citizen.page.waitForEvent('download');
    await citizen.messages('helper').getByTestId('file').click();
    expect((await saved).suggestedFilename()).toBe('说明.txt');
  });

  await test.step('all of it is there after a reload', async () => {
    await citizen.page.reload();
    await citizen.connected();
    await expect(citizen.page.getByTestId('picture')).toHaveCount(2);
    expect(await width(citizen.messages('citizen').getByTestId('picture').locator('img'))).toBe(40);
  });
});
