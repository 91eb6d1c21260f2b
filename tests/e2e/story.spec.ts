import { Citizen } from './support/citizen';
import { elapsed, noteClick, noteText } from './support/clock';
import { Helper } from './support/helper';
import {
  COMMENT,
  FIRST_HELPER,
  FOLLOW_UP,
  HUMAN,
  QUESTION,
  REPLY,
  SECOND_HELPER,
  THANKS,
} from './support/story';
import { expect, test } from './support/test';

test('a citizen asks, is dissatisfied, and a helper takes over', async ({ browser, server }) => {
  server.addHelper(FIRST_HELPER);
  server.addHelper(SECOND_HELPER);
  const citizen = await Citizen.arrive(browser, server.url);
  const entryOf = async (place: number): Promise<string> => {
    const answer = citizen.messages('robot').nth(place);
    return (await answer.getByTestId('citation-chip').first().locator('.source-title').textContent()) ?? '';
  };

  await test.step('an answer with its source', async () => {
    const answer = await citizen.ask(QUESTION);
    await expect(answer.getByTestId('citation-mark').first()).toBeVisible();
    await answer.getByTestId('citation-chip').first().click();
    await expect(citizen.sheet.getByTestId('sheet-quote')).not.toBeEmpty();
    await expect(citizen.sheet.getByTestId('entry')).toBeAttached();
    await citizen.page.getByTestId('sheet-close').click();
    await expect(citizen.sheet).toHaveCount(0);
  });

  await test.step('the next question keeps the topic', async () => {
    const answer = await citizen.ask(FOLLOW_UP);
    // The question's own entry has no list of documents; the matter that it is about has.
    expect(await entryOf(0)).toContain('个人账户');
    expect(await entryOf(1)).toBe('职工医保个人账户家庭共济绑定');
    await expect(answer).toContainText('材料');
  });

  await test.step('a person is asked for', async () => {
    const told = await citizen.ask(HUMAN);
    await expect(told).toContainText('第 1 位');
    await expect(citizen.status).toHaveAttribute('data-stage', 'queued');
    await expect(citizen.status).toContainText('您排第 1 位');
  });

  const first = await Helper.logIn(browser, server.url, FIRST_HELPER);
  const second = await Helper.logIn(browser, server.url, SECOND_HELPER);

  await test.step('the helper sees everything before he takes over', async () => {
    await first.look();
    await expect(first.messages('citizen')).toHaveText([QUESTION, FOLLOW_UP, HUMAN].map((text) => new RegExp(text)));
    await expect(first.messages('robot')).toHaveCount(3);
    await first.messages('robot').first().getByTestId('evidence-list').locator('summary').click();
    await expect(first.messages('robot').first().getByTestId('evidence-item').first()).toBeVisible();
    await expect(first.page.getByTestId('used-entry').first()).toBeVisible();
  });

  await test.step('only one helper gets the conversation', async () => {
    await expect(second.queue).toHaveCount(1);
    // The second helper's line is slow: his queue still shows what the first one is about to take.
    second.line.held = true;
    await first.claim();
    const refused = second.page.waitForResponse((response) => response.url().endsWith('/claim'));
    await second.queue.first().getByTestId('claim').click();
    expect((await refused).status()).toBe(409);
    await expect(second.page.getByText(`${FIRST_HELPER} 先一步接入了这个会话`)).toBeVisible();
    second.line.held = false;
    await expect(citizen.status).toContainText(FIRST_HELPER);
  });

  await test.step('words go both ways at once', async () => {
    await noteText(citizen.page, REPLY);
    await noteClick(first.page, 'send');
    await first.write(REPLY);
    await expect(citizen.messages('helper').last()).toContainText(REPLY);
    const milliseconds = await elapsed(first.page, citizen.page);
    console.log(`helper→citizen: ${milliseconds.toFixed(0)} ms`);
    expect(milliseconds).toBeLessThan(1000);
    await citizen.write(THANKS);
    await expect(first.messages('citizen').last()).toContainText(THANKS);
    await expect(citizen.messages('robot'), 'the robot is silent').toHaveCount(3);
  });

  await test.step('the service is rated', async () => {
    await first.close();
    await expect(citizen.page.getByTestId('rating')).toBeVisible();
    await citizen.rate(5, COMMENT);
    await expect(citizen.page.getByTestId('rating-thanks')).toContainText('非常满意');
    const card = first.page.getByTestId('rating');
    await expect(card).toHaveAttribute('data-score', '5');
    await expect(card).toContainText(COMMENT);
    const [record, ...more] = server.exportConversations();
    expect(more).toHaveLength(0);
    expect(record?.rating).toMatchObject({ score: 5, comment: COMMENT });
  });

  await test.step('a reload shows the same thread once', async () => {
    const before = await citizen.thread();
    await citizen.page.reload();
    await citizen.connected();
    await expect(citizen.messages()).toHaveCount(before.length);
    expect(await citizen.thread()).toEqual(before);
    await expect(citizen.page.getByTestId('pending')).toHaveCount(0);
  });
});
