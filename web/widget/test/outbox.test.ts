import type { DurableFrame } from '@yikouwen/shared/wire';
import { expect, it } from 'vitest';

import { Outbox } from '../src/outbox';
import { keys, safeStorage, type Keep } from '../src/storage';

function memory(): Keep {
  return safeStorage(() => {
    throw new Error('storage is blocked');
  });
}
const say = (id: string): DurableFrame => ({ t: 'say', id, text: id });
const due = (outbox: Outbox, now: number): string[] => outbox.due(now).frames.map((frame) => frame.id);

it('sends words one after the other, and clicks beside them', () => {
  const outbox = new Outbox(memory());
  outbox.add(say('1'));
  outbox.add(say('2'));
  outbox.add({ t: 'stop', id: 's' });
  expect(due(outbox, 1)).toEqual(['1', 's']);
  outbox.sent('1', 1);
  outbox.sent('s', 1);
  expect(due(outbox, 2)).toEqual([]);
  outbox.settle('1');
  expect(due(outbox, 3)).toEqual(['2']);
});

it('repeats what stays unanswered, and at once on a new line', () => {
  const outbox = new Outbox(memory());
  outbox.add(say('1'));
  outbox.sent('1', 1_000);
  expect(outbox.due(5_000)).toEqual({ frames: [], next: 11_000 });
  expect(due(outbox, 11_000)).toEqual(['1']);
  outbox.sent('1', 11_000);
  outbox.forgetSent();
  expect(due(outbox, 11_001)).toEqual(['1']);
});

it('spares a server that asked for it, keeping the order', () => {
  const outbox = new Outbox(memory());
  outbox.add(say('1'));
  outbox.add(say('2'));
  outbox.sent('1', 1);
  outbox.hold('1', 3_000);
  expect(outbox.due(1_000)).toEqual({ frames: [], next: 3_000 });
  expect(due(outbox, 3_000)).toEqual(['1']);
});

it('survives a reload and shrugs at rubbish', () => {
  const keep = memory();
  new Outbox(keep).add(say('1'));
  const again = new Outbox(keep);
  expect(again.frames).toEqual([say('1')]);
  again.settle('1');
  expect(keep.get(keys.outbox)).toBeNull();
  keep.set(keys.outbox, '{"not":"a list"}');
  expect(new Outbox(keep).frames).toEqual([]);
  keep.set(keys.outbox, 'rubbish');
  expect(new Outbox(keep).frames).toEqual([]);
});
