import { Citizen } from './support/citizen';
import { Helper } from './support/helper';
import { FIRST_HELPER, HUMAN } from './support/story';
import { expect, test } from './support/test';

const WORDS = '我的电话是13812345678，身份证11010519491231002X';
const MASKED = '我的电话是【手机号】，身份证【身份证号】';

test('a citizen reads the own numbers, a helper reads labels and reveals one message', async ({ browser, server }) => {
  server.addHelper(FIRST_HELPER);
  const citizen = await Citizen.arrive(browser, server.url);
  await citizen.ask(HUMAN);
  const helper = await Helper.logIn(browser, server.url, FIRST_HELPER);
  await helper.claim();
  await citizen.write(WORDS);

  const told = helper.messages('citizen').last();
  await test.step('the desk has labels', async () => {
    await expect(told).toContainText(MASKED);
    await expect(citizen.messages('citizen').last()).toContainText(WORDS);
  });

  await test.step('a press shows what is hidden, and another hides it', async () => {
    await told.getByTestId('reveal').click();
    await expect(told).toContainText(WORDS);
    await expect(told.getByTestId('reveal')).toHaveText('收起');
    await told.getByTestId('reveal').click();
    await expect(told).toContainText(MASKED);
  });

  await test.step('after a minute it is hidden by itself', async () => {
    await helper.page.clock.install();
    await told.getByTestId('reveal').click();
    await expect(told).toContainText(WORDS);
    await helper.page.clock.fastForward(61_000);
    await expect(told).toContainText(MASKED);
  });

  await test.step('all of it is there after a reload, the own words in full', async () => {
    await citizen.page.reload();
    await citizen.connected();
    await expect(citizen.messages('citizen').last()).toContainText(WORDS);
    await helper.page.reload();
    await expect(helper.messages('citizen').last()).toContainText(MASKED);
  });
});
