import { Citizen } from './support/citizen';
import { Helper } from './support/helper';
import {
  COMMENT,
  FIRST_HELPER,
  FOLLOW_UP,
  HUMAN,
  QUESTION,
  REPLY,
  SECOND_HELPER,
  SECOND_REPLY,
  THANKS,
} from './support/story';
import { expect, test } from './support/test';

/** What the thread must hold at the end; the robot's and the system's own words are compared with the export. */
const expected: [author: string, text?: string][] = [
  ['citizen', QUESTION],
  ['robot'],
  ['citizen', FOLLOW_UP],
  ['robot'],
  ['citizen', HUMAN],
  ['robot'],
  ['system', `${FIRST_HELPER} 正在为您服务。`],
  ['helper', REPLY],
  ['citizen', THANKS],
  ['helper', SECOND_REPLY],
  ['system'],
  ['system', '谢谢您的评价！'],
];

test('the story survives a kill -9 between any two steps', async ({ browser, server }) => {
  test.setTimeout(240_000);
  server.addHelper(FIRST_HELPER);
  server.addHelper(SECOND_HELPER);
  const citizen = await Citizen.arrive(browser, server.url);
  const first = await Helper.logIn(browser, server.url, FIRST_HELPER);
  const second = await Helper.logIn(browser, server.url, SECOND_HELPER);
  let kills = 0;

  /** The server dies and comes back; the pages find it again without being touched. */
  const crash = async (meanwhile?: () => Promise<void>): Promise<void> => {
    await server.kill();
    kills += 1;
    await Promise.all([citizen.disconnected(), first.disconnected(), second.disconnected()]);
    await meanwhile?.();
    await server.launch();
    await Promise.all([citizen.connected(), first.connected(), second.connected()]);
  };
  const answers = async (count: number): Promise<void> => {
    await expect(citizen.messages('robot')).toHaveCount(count, { timeout: 20_000 });
  };

  await test.step('killed while the question is on its way', async () => {
    // Nobody waits for anything here: whatever the server had done with it, the question is answered once.
    await citizen.write(QUESTION);
    await crash();
    await answers(1);
  });
  await test.step('killed after an answer', async () => {
    await citizen.ask(FOLLOW_UP);
    await crash();
  });
  await test.step('written while there is no server', async () => {
    await crash(() => citizen.write(HUMAN));
    await answers(3);
    await expect(citizen.status).toHaveAttribute('data-stage', 'queued');
  });
  await test.step('killed while the citizen waits', async () => {
    await crash();
    await expect(citizen.status).toContainText('您排第 1 位');
    await expect(first.queue).toHaveCount(1);
  });
  await test.step('killed while the helper reads', async () => {
    await first.look();
    await crash();
    await expect(first.messages('robot')).toHaveCount(3);
  });
  await test.step('killed after the claim', async () => {
    await first.claim();
    await crash();
    await expect(second.queue).toHaveCount(0);
    await expect(citizen.status).toContainText(FIRST_HELPER);
  });
  await test.step("killed after the helper's words", async () => {
    await first.write(REPLY);
    await expect(citizen.messages('helper')).toHaveCount(1);
    await crash();
  });
  await test.step("killed after the citizen's words", async () => {
    await citizen.write(THANKS);
    await expect(first.messages('citizen').last()).toContainText(THANKS);
    await crash();
  });
  await test.step('the helper writes while there is no server', async () => {
    await crash(() => first.write(SECOND_REPLY));
    await expect(citizen.messages('helper')).toHaveCount(2, { timeout: 30_000 });
  });
  await test.step('killed after the end', async () => {
    await first.close();
    await expect(citizen.page.getByTestId('rating')).toBeVisible();
    await crash();
  });
  await test.step('killed after the rating', async () => {
    await citizen.rate(5, COMMENT);
    await expect(citizen.page.getByTestId('rating-thanks')).toBeVisible();
    await expect(citizen.messages()).toHaveCount(expected.length);
    await crash();
  });

  const check = async (): Promise<void> => {
    const [record, ...more] = server.exportConversations();
    expect(more, 'one conversation').toHaveLength(0);
    const kept = record?.messages ?? [];
    expect(kept.map((message) => message.seq)).toEqual(expected.map((_, at) => at + 1));
    await expect(citizen.messages()).toHaveCount(expected.length);
    const shown = await citizen.thread();
    for (const [at, [author, text]] of expected.entries()) {
      const place = `message ${at + 1}`;
      expect(shown[at]?.author, place).toBe(author);
      expect(kept[at]?.author, place).toBe(author);
      expect(shown[at]?.id, place).toBe(kept[at]?.id);
      if (text === undefined) continue;
      expect(shown[at]?.text, place).toBe(text);
      expect(kept[at]?.text, place).toBe(text);
    }
    expect(record?.rating).toMatchObject({ score: 5, comment: COMMENT });
    await expect(citizen.page.getByTestId('pending')).toHaveCount(0);
  };
  await test.step('nothing lost, nothing twice', async () => {
    await check();
    await expect(first.messages()).toHaveCount(expected.length);
    await expect(first.page.getByTestId('outgoing')).toHaveCount(0);
    await citizen.page.reload();
    await citizen.connected();
    await check();
  });
  console.log(`crash story: ${kills} kills, nothing lost, nothing twice`);
});
