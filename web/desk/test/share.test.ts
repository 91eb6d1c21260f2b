import type { ToHelper } from '@yikouwen/shared/assist/wire';
import { describe, expect, it, vi } from 'vitest';

import type { Share } from '../src/assist/calls';
import type { LinkOptions } from '../src/assist/link';
import { createShareDesk } from '../src/assist/share';
import type { ToViewer } from '../src/viewer/speech';
import { settled } from './make';

const share: Share = { id: 's1', state: 'consented', purpose: '填表', created_at: '', expires_at: '' };
const PERM = { view: true, point: true, fill: true, voice: false, screen: false, paused: false };

async function desk(shares: Share[] = [share]) {
  let link: LinkOptions | undefined;
  const sent: { t: string }[] = [];
  const close = vi.fn();
  const api = {
    shares: vi.fn(() => Promise.resolve({ shares, forms: [{ title: '企业设立登记', url: '/forms/enterprise' }], pages: ['chat' as const], screen: true })),
    askShare: vi.fn(() => Promise.resolve({ share: { ...share, id: 's2', state: 'asked' }, link: 'https://a.example/s/s2#k=k' })),
    endShare: vi.fn(() => Promise.resolve(undefined)),
  };
  const made = createShareDesk({
    api,
    open: (options) => {
      link = options;
      return {
        send: (frame) => {
          sent.push(frame);
          return true;
        },
        close,
      };
    },
  });
  const shown: ToViewer[] = [];
  made.attach((message) => shown.push(message));
  await made.look('c');
  await settled();
  const frame = (one: ToHelper): void => link?.onFrame(one);
  const welcome = (perm = PERM): void =>
    frame({ t: 'welcome', epoch: 1, perm, peer: 'online', purpose: '填表', title: '', viewport: null, role: 'owner' });
  return { made, api, sent, shown, frame, welcome, link: () => link, close };
}
const picked = { node: 7, words: '字号', field: { name: 'trade', label: '字号', kind: 'text' as const, options: [], shown: '' } };

describe('a shared page at the desk', () => {
  it('is joined when it runs, and not when it has ended', async () => {
    expect((await desk()).made.state.share?.id).toBe('s1');
    expect((await desk([{ ...share, state: 'ended' }])).made.state.share).toBeUndefined();
  });

  it('is joined when a colleague asks for it meanwhile, and not beside one that runs', async () => {
    const shares: Share[] = [];
    const { made, api, frame } = await desk(shares);
    shares.push({ ...share, state: 'asked' });
    await made.lookAgain();
    expect(made.state.share?.id).toBe('s1');
    await made.lookAgain();
    expect(api.shares).toHaveBeenCalledTimes(2);
    frame({ t: 'end', reason: 'citizen' });
    shares.unshift({ ...share, id: 's3', state: 'asked' });
    await made.lookAgain();
    expect(made.state.share?.id).toBe('s3');
    expect(made.state.ended).toBeUndefined();
  });

  it('sends what is picked, with what was seen of it', async () => {
    const { made, sent, welcome, frame } = await desk();
    welcome();
    made.fromViewer({ t: 'picked', picked });
    made.propose('禾苗', '名字');
    expect(sent.at(-1)).toMatchObject({ t: 'fill.propose', node: 7, value: '禾苗', expect: { name: 'trade', label: '字号' } });
    const id = made.state.proposals[0]?.id ?? '';
    frame({ t: 'fill.result', id, result: 'applied' });
    expect(made.state.proposals[0]?.result).toBe('applied');
  });

  it('says what was refused', async () => {
    const { made, welcome, frame } = await desk();
    welcome();
    made.fromViewer({ t: 'picked', picked });
    made.propose('禾苗', '');
    frame({ t: 'denied', of: 'fill.propose', why: 'forbidden' });
    expect(made.state.denied).toEqual({ of: 'fill.propose', why: 'forbidden' });
    expect(made.state.proposals[0]?.result).toBe('refused');
  });

  it('takes the picture away when it may no longer be seen', async () => {
    const { made, shown, welcome, frame } = await desk();
    welcome();
    made.fromViewer({ t: 'shown', width: 1, height: 1, milliseconds: 1 });
    frame({ t: 'perm', ...PERM, view: false });
    expect(shown.at(-1)).toEqual({ t: 'empty' });
    expect(made.state.shown).toBe(false);
  });

  it('asks for a picture once for many gaps', async () => {
    const { sent, welcome, link } = await desk();
    welcome();
    link()?.onGap();
    link()?.onGap();
    expect(sent.filter(({ t }) => t === 'resnap')).toHaveLength(1);
  });

  it('a watcher neither points nor picks', async () => {
    const { made, sent, frame } = await desk();
    frame({ t: 'welcome', epoch: 1, perm: PERM, peer: 'online', purpose: '', title: '', viewport: null, role: 'watcher' });
    made.fromViewer({ t: 'hover', node: 7, dx: 0, dy: 0 });
    made.fromViewer({ t: 'picked', picked });
    expect(sent).toEqual([]);
    expect(made.state.picked).toBeUndefined();
  });

  it('guides step by step and lets the steps go at the end', async () => {
    const { made, sent, welcome } = await desk();
    welcome();
    made.fromViewer({ t: 'picked', picked });
    made.addStep('先填这里');
    made.guide(0);
    expect(sent.at(-1)).toMatchObject({ t: 'steps', at: 0, list: [{ node: 7, text: '先填这里' }] });
    made.guide(1);
    expect(made.state.at).toBeUndefined();
    expect(made.state.steps).toEqual([]);
  });

  it('says when the citizen never agreed', async () => {
    const { made, welcome, frame } = await desk();
    welcome({ view: false, point: false, fill: false, voice: false, screen: false, paused: false });
    frame({ t: 'end', reason: 'citizen' });
    expect(made.state.ended).toBe('refused');
  });

  it('ends for the citizen’s reason and leaves with the conversation', async () => {
    const { made, welcome, frame, close } = await desk();
    welcome();
    frame({ t: 'end', reason: 'citizen' });
    expect(made.state.ended).toBe('citizen');
    expect(close).toHaveBeenCalled();
    await made.look(undefined);
    expect(made.state.share).toBeUndefined();
  });

  it('is asked for with its purpose', async () => {
    const { made, api } = await desk([]);
    await made.ask('核对经营范围');
    expect(api.askShare).toHaveBeenCalledWith('c', '核对经营范围', undefined, undefined);
    expect(made.state.link).toContain('#k=');
    await made.end();
    expect(api.endShare).toHaveBeenCalledWith('s2');
    expect(made.state.ended).toBe('helper');
  });
});
