import type { DurableFrame } from '@yikouwen/shared/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { FakeSocket, memoryKeep, message, pass, rig, welcome, type Rig } from './harness';

const say: DurableFrame = { t: 'say', id: 'c1', text: '你好' };
let running: Rig | undefined;

function start(made: Rig): Rig {
  running = made;
  made.connection.start();
  return made;
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.made = [];
  FakeSocket.refuse = false;
  vi.stubGlobal('WebSocket', FakeSocket);
});
afterEach(() => {
  running?.connection.stop();
  vi.useRealTimers();
});

describe('socket', () => {
  it('says hello with the token, the language and the page', async () => {
    start(rig());
    await pass(10);
    expect(FakeSocket.last.url).toBe('wss://gov.example/channels/web/socket');
    expect(FakeSocket.last.frames).toEqual([
      { t: 'hello', token: 'token-1', locale: 'zh', after: 0, page: 'https://gov.example/page' },
    ]);
  });

  it('keeps what is said before the welcome, and sends it after', async () => {
    const { connection } = start(rig());
    connection.push(say);
    await pass(10);
    expect(FakeSocket.last.frames).toHaveLength(1);
    FakeSocket.last.say(welcome);
    expect(FakeSocket.last.frames[1]).toEqual(say);
  });

  it('repeats under the same id until accepted, then no more', async () => {
    const { connection } = start(rig());
    await pass(10);
    FakeSocket.last.say(welcome);
    connection.push(say);
    await pass(11_000);
    expect(FakeSocket.last.frames.slice(1)).toEqual([say, say]);
    FakeSocket.last.say({ t: 'accepted', id: 'c1' });
    await pass(25_000);
    FakeSocket.last.say({ t: 'pong' });
    expect(FakeSocket.last.frames).toHaveLength(3);
  });

  it('repeats on the next line what the broken one may have lost, and resumes where it stood', async () => {
    const made = start(rig());
    await pass(10);
    FakeSocket.last.say(welcome);
    made.connection.push(say);
    made.cursor.conversation = 'a';
    made.cursor.after = 7;
    FakeSocket.last.break();
    expect(made.links).toEqual(['up']);
    await pass(600);
    expect(made.links).toEqual(['up', 'down']);
    expect(FakeSocket.made).toHaveLength(2);
    expect(FakeSocket.last.frames[0]).toMatchObject({ t: 'hello', conversation: 'a', after: 7 });
    FakeSocket.last.say(welcome);
    expect(FakeSocket.last.frames[1]).toEqual(say);
  });

  it('takes the message itself for a receipt', async () => {
    const { connection, outbox } = start(rig());
    await pass(10);
    FakeSocket.last.say(welcome);
    connection.push(say);
    FakeSocket.last.say(message(1, { author: 'citizen', client_id: 'c1' }));
    expect(outbox.frames).toEqual([]);
  });

  it('resends by itself when the server was busy, and gives up what it refused', async () => {
    const { connection, outbox } = start(rig());
    await pass(10);
    FakeSocket.last.say(welcome);
    connection.push(say);
    FakeSocket.last.say({ t: 'error', id: 'c1', code: 'rate_limited', retry_after: 3 });
    await pass(2_000);
    expect(FakeSocket.last.frames).toHaveLength(2);
    await pass(1_500);
    expect(FakeSocket.last.frames[2]).toEqual(say);
    FakeSocket.last.say({ t: 'error', id: 'c1', code: 'too_long' });
    expect(outbox.frames).toEqual([]);
  });

  it('renews a refused token once on the same line', async () => {
    start(rig());
    await pass(10);
    FakeSocket.last.say({ t: 'error', code: 'unauthorized' });
    await pass(10);
    expect(FakeSocket.made).toHaveLength(1);
    expect(FakeSocket.last.frames[1]).toMatchObject({ t: 'hello', token: 'token-2' });
    FakeSocket.last.say({ t: 'error', code: 'unauthorized' });
    expect(FakeSocket.last.readyState).toBe(3);
  });

  it('comes back at once when the network does', async () => {
    const made = start(rig());
    for (let turn = 0; turn < 4; turn += 1) {
      await pass(10);
      FakeSocket.last.say(welcome);
      FakeSocket.last.break();
      await pass(1);
      window.dispatchEvent(new Event('online'));
    }
    await pass(10);
    expect(FakeSocket.made).toHaveLength(5);
    expect(made.links.filter((link) => link === 'up')).toHaveLength(4);
  });

  it('stops for good when told', async () => {
    const { connection } = start(rig());
    await pass(10);
    FakeSocket.last.say(welcome);
    connection.stop();
    await pass(60_000);
    expect(FakeSocket.made).toHaveLength(1);
  });

  it('waits longer and longer for a server that is away', async () => {
    const made = start(rig(() => 'fail'));
    FakeSocket.refuse = true;
    await pass(60_000);
    expect(made.requests.length + FakeSocket.made.length).toBeLessThan(20);
    FakeSocket.refuse = false;
    await pass(40_000);
    expect(FakeSocket.last.frames[0]).toMatchObject({ t: 'hello' });
  });
});

describe('long polling', () => {
  it('takes over after two sockets that did not get through, without loss', async () => {
    FakeSocket.refuse = true;
    let polls = 0;
    const made = rig(({ method, url }) => {
      if (method === 'POST') return { status: 202, body: { t: 'accepted', id: 'c1', seq: 2 } };
      polls += 1;
      if (polls === 1) return { body: { frames: [welcome, message(1)] } };
      return url.searchParams.get('wait') === '25' && polls === 2 ? { body: { frames: [message(2)] } } : 'hang';
    });
    start(made);
    made.connection.push(say);
    await pass(5_000);
    expect(FakeSocket.made).toHaveLength(2);
    expect(made.links).toContain('up');
    expect(made.frames.filter((frame) => frame.t === 'message')).toHaveLength(2);
    expect(made.outbox.frames).toEqual([]);
    const posts = made.requests.filter((request) => request.url.pathname.endsWith('/events') && request.method === 'POST');
    expect(posts).toMatchObject([{ token: 'token-1', body: say }]);
  });

  it('takes over when sockets open but swallow the hello', async () => {
    const made = start(rig(({ url }) => (url.searchParams.get('wait') === '0' ? { body: { frames: [welcome] } } : 'hang')));
    for (let second = 0; second < 30 && !made.links.includes('up'); second += 1) await pass(999);
    expect(made.links).toContain('up');
    expect(FakeSocket.made).toHaveLength(2);
  });

  it('reads a refusal and a Retry-After', async () => {
    FakeSocket.refuse = true;
    let posts = 0;
    const made = rig(({ method, url }) => {
      if (method !== 'POST') return url.searchParams.get('wait') === '0' ? { body: { frames: [welcome] } } : 'hang';
      posts += 1;
      return posts === 1
        ? { status: 429, body: { code: 'rate_limited' }, headers: { 'Retry-After': '4' } }
        : { status: 202, body: { t: 'accepted', id: 'c1' } };
    });
    start(made);
    made.connection.push(say);
    await pass(4_000);
    expect(made.frames).toContainEqual({ t: 'error', id: 'c1', code: 'rate_limited', retry_after: 4 });
    await pass(4_000);
    expect(posts).toBe(2);
    expect(made.outbox.frames).toEqual([]);
  });

  it('renews a refused token once', async () => {
    FakeSocket.refuse = true;
    const made = rig(({ token, url }) => {
      if (token === 'token-1') return { status: 401, body: { code: 'unauthorized' } };
      return url.searchParams.get('wait') === '0' ? { body: { frames: [welcome] } } : 'hang';
    });
    start(made);
    await pass(5_000);
    expect(made.links).toContain('up');
    expect(made.requests.filter((request) => request.url.pathname.endsWith('/session'))).toHaveLength(2);
  });

  it('does not hurry a server that answers without waiting', async () => {
    FakeSocket.refuse = true;
    const made = start(rig(() => ({ body: { frames: [] } })));
    await pass(15_000);
    expect(made.requests.length).toBeLessThan(20);
    expect(made.links).toContain('up');
  });

  it('gives the socket another chance after its term', async () => {
    FakeSocket.refuse = true;
    start(rig(({ url }) => (url.searchParams.get('wait') === '0' ? { body: { frames: [welcome] } } : 'hang')));
    await pass(5_000);
    expect(FakeSocket.made).toHaveLength(2);
    FakeSocket.refuse = false;
    await pass(400_000);
    expect(FakeSocket.made.length).toBeGreaterThan(2);
  });
});

it('resends after a reload what was never accepted', async () => {
  const keep = memoryKeep();
  const before = rig(undefined, keep);
  before.connection.push(say);
  before.connection.stop();
  start(rig(undefined, keep));
  await pass(10);
  FakeSocket.last.say(welcome);
  expect(FakeSocket.last.frames[1]).toEqual(say);
});
