import { describe, expect, it } from 'vitest';

import {
  applyStage,
  arrivals,
  hasGap,
  isTakenByOther,
  mayReply,
  mergeMessages,
  sortQueue,
  stretches,
  usedEntries,
} from '../src/reduce';
import { message, place, transcript } from './make';

describe('messages', () => {
  it('are kept in order, each once, the later copy winning', () => {
    const known = [message(1), message(3)];
    const merged = mergeMessages(known, [message(2), message(3, { feedback: 'useful' }), message(1)]);
    expect(merged.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(merged[2]?.feedback).toBe('useful');
  });

  it('show a gap at the start or in between', () => {
    expect(hasGap([])).toBe(false);
    expect(hasGap([message(1), message(2)])).toBe(false);
    expect(hasGap([message(2)])).toBe(true);
    expect(hasGap([message(1), message(3)])).toBe(true);
  });
});

describe('the queue', () => {
  it('puts emergencies first and keeps the order of the others', () => {
    const queue = [place('a', { position: 1 }), place('b', { position: 2 }), place('e', { position: 3, priority: 1 })];
    expect(sortQueue(queue).map(({ conversation }) => conversation)).toEqual(['e', 'a', 'b']);
  });

  it('counts newcomers and those that became an emergency', () => {
    const before = [place('a'), place('b')];
    const now = [place('a'), place('b', { priority: 1 }), place('c')];
    expect(arrivals(before, now).map(({ conversation }) => conversation)).toEqual(['b', 'c']);
  });
});

describe('stages', () => {
  it('are not undone by older news', () => {
    const talk = transcript({ stage: 'claimed', owner: 'zhang', version: 12 });
    expect(applyStage(talk, { stage: 'queued', version: 11 })).toBe(talk);
  });

  it('forget the owner when the conversation returns to the queue, and keep them when it ends', () => {
    const talk = transcript({ stage: 'serving', owner: 'zhang', version: 12 });
    expect(applyStage(talk, { stage: 'queued', version: 13 }).owner).toBeUndefined();
    expect(applyStage(talk, { stage: 'closed', version: 13 }).owner).toBe('zhang');
  });

  it('let only the owner write, and only while serving', () => {
    const rows = [
      ['claimed', 'zhang', true],
      ['serving', 'zhang', true],
      ['reclaim_grace', 'zhang', true],
      ['serving', 'li', false],
      ['queued', undefined, false],
      ['wrap_up', 'zhang', false],
      ['closed', 'zhang', false],
    ] as const;
    for (const [stage, owner, expected] of rows) {
      const talk = transcript({ stage, ...(owner ? { owner } : {}) });
      expect(mayReply(talk, 'zhang'), `${stage} ${owner ?? ''}`).toBe(expected);
    }
  });

  it("hide a colleague's conversation, but never one that waits", () => {
    expect(isTakenByOther({ stage: 'claimed', version: 1, owner: 'li' }, 'zhang')).toBe(true);
    expect(isTakenByOther({ stage: 'claimed', version: 1, owner: 'zhang' }, 'zhang')).toBe(false);
    expect(isTakenByOther({ stage: 'left_message', version: 1 }, 'zhang')).toBe(false);
  });
});

describe('stretches', () => {
  it('part robot, waiting and each helper', () => {
    const parts = stretches([
      message(1),
      message(2, { author: 'robot', outcome: 'answered' }),
      message(3),
      message(4, { author: 'robot', outcome: 'handoff' }),
      message(5),
      message(6, { author: 'system' }),
      message(7, { author: 'helper', name: 'zhang' }),
      message(8),
      message(9, { author: 'helper', name: 'li' }),
      message(10),
      message(11, { author: 'robot', outcome: 'answered' }),
    ]);
    expect(parts.map(({ kind, name, messages }) => [kind, name, messages.map(({ seq }) => seq)])).toEqual([
      ['robot', undefined, [1, 2, 3, 4]],
      ['waiting', undefined, [5, 6]],
      ['human', 'zhang', [7, 8]],
      ['human', 'li', [9, 10]],
      ['robot', undefined, [11]],
    ]);
  });
});

describe('used entries', () => {
  it('are listed once, the latest first, with the best confidence', () => {
    const entry = { id: 'e1', title: 'One', kind: 'faq' as const };
    const other = { id: 'e2', title: 'Two', kind: 'matter' as const };
    const used = usedEntries([
      message(1, { author: 'robot', citations: [{ ...entry, number: 1 }], evidence: [{ ...entry, confidence: 0.4 }] }),
      message(2, { author: 'robot', evidence: [{ ...other, confidence: 0.2 }, { ...entry, confidence: 0.7 }] }),
    ]);
    expect(used).toEqual([
      { ...other, cited: false, confidence: 0.2 },
      { ...entry, cited: true, confidence: 0.7 },
    ]);
  });
});
