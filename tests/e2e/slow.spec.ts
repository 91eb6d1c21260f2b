import type { Browser } from '@playwright/test';

import { Citizen } from './support/citizen';
import { film, frames } from './support/film';
import { Model, type Mood } from './support/model';
import { Server } from './support/server';
import { expect, test as base } from './support/test';

/** A number that stands in no entry. */
const WRONG = '9990';

/** The default of `[dialogue] patience`, in milliseconds. */
const PATIENCE = 2500;

/** What a busy machine may need besides; the figures that count are printed. */
const BESIDES = 3000;

interface Chapter {
  model: string;
  question: string;
  /** What a right answer holds. */
  facts: string[];
  /** What the model does; without, it is gone. */
  mood?: Mood;
  /** Begins what the model wrote and the citizen read; without, the entry is quoted. */
  written?: string;
}

const STORY: Chapter[] = [
  {
    model: 'good',
    question: '身份证丢了怎么补办',
    facts: ['40 元', '20 个工作日'],
    mood: { writes: '马上去派出所补领，本人到场。[1]\n- 40 元，一般 20 个工作日发证。[1]' },
    written: '马上去派出所补领，本人到场。',
  },
  { model: 'slow', question: '护照丢了怎么补发', facts: ['120 元', '7 个工作日'], mood: { stallsAfter: '' } },
  {
    model: 'stalling',
    question: '身份证到期了怎么换领',
    facts: ['20 元', '20 个工作日'],
    mood: { stallsAfter: '身份证到期前 3 个月内就能换，带旧证本人去。[1]\n- 到期换领 2' },
  },
  {
    model: 'broken, with garbage',
    question: '临时身份证多少钱',
    facts: ['10 元'],
    mood: { writes: '�{"a":[1,\n<|im_end|>随便说说，包您满意' },
  },
  {
    model: 'broken, with wrong numbers',
    question: '护照快到期了怎么换发',
    facts: ['120 元', '7 个工作日'],
    mood: { writes: `护照快到期可以换。[1]\n每本 ${WRONG} 元，${WRONG} 个工作日。[1]` },
  },
  { model: 'gone', question: '第一次办护照要多少钱', facts: ['120 元'] },
];

interface Towns {
  model: Model;
  /** Asks the model. */
  modelled: Server;
  /** Has none. */
  plain: Server;
}

const test = base.extend<{ towns: Towns }>({
  towns: async ({}, use) => {
    const model = await Model.listen();
    const [plain, modelled] = await Promise.all([Server.start(), Server.start(model.config())]);
    await use({ model, modelled, plain });
    await Promise.all([plain.stop(), modelled.stop(), model.goAway()]);
  },
});

interface Told {
  text: string;
  citations: number;
  /** Milliseconds from the press on the button to the whole answer. */
  took: number;
  /** Everything that stood in the chat meanwhile. */
  seen: string[];
}

async function tell(citizen: Citizen, question: string): Promise<Told> {
  const answer = await citizen.ask(question);
  const citations = await answer.getByTestId('citation-chip').count();
  const text = (await answer.locator('.bubble').textContent()) ?? '';
  const told = await frames(citizen.page);
  const [first] = told.frames;
  const whole = told.frames.find((frame) => frame.messages > (first?.messages ?? 0));
  if (whole === undefined) throw new Error('the answer was not seen to come');
  return { text, citations, took: whole.at - told.asked, seen: told.frames.map((frame) => frame.robot) };
}

async function arrive(browser: Browser, server: Server): Promise<Citizen> {
  const citizen = await Citizen.arrive(browser, server.url);
  await film(citizen.page);
  return citizen;
}

test('whatever the model does, the citizen has a cited answer in time and never a wrong one', async ({ browser, towns }) => {
  const { model, modelled, plain } = towns;
  const alone = new Map<string, Told>();

  await test.step('without a model', async () => {
    const citizen = await arrive(browser, plain);
    for (const { question } of STORY) alone.set(question, await tell(citizen, question));
  });

  const citizen = await arrive(browser, modelled);
  for (const { model: name, question, facts, mood, written } of STORY) {
    await test.step(name, async () => {
      if (mood === undefined) await model.goAway();
      else model.mood = mood;
      const before = { asked: model.asked, cancelled: model.cancelled };
      const told = await tell(citizen, question);
      const without = alone.get(question);
      if (without === undefined) throw new Error('never asked without a model');

      for (const fact of facts) expect(told.text).toContain(fact);
      expect(told.citations).toBeGreaterThan(0);
      if (written === undefined) expect(told.text, 'quoted, and whole').toBe(without.text);
      else expect(told.text.startsWith(written), told.text).toBe(true);
      expect(told.seen.filter((seen) => seen.includes(WRONG) || seen.includes('包您满意'))).toEqual([]);
      if (mood !== undefined) expect(model.asked).toBeGreaterThan(before.asked);
      if (mood !== undefined && 'stallsAfter' in mood) {
        await expect.poll(() => model.cancelled, 'nobody waits for it any more').toBe(before.cancelled + 1);
        const [line] = mood.stallsAfter.split('[1]\n');
        expect(told.seen.some((seen) => line !== '' && seen.includes(line ?? '')), 'what held was shown').toBe(line !== '');
      }

      const longer = told.took - without.took;
      console.log(`model ${name}: ${told.took.toFixed(0)} ms, ${longer.toFixed(0)} ms more than without`);
      expect(longer).toBeLessThan(PATIENCE + BESIDES);
    });
  }
});
