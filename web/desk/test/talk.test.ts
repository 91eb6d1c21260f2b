import type { Transcript } from '@yikouwen/shared/wire';
import { describe, expect, it, vi } from 'vitest';

import { ApiError } from '../src/api';
import { createTalk } from '../src/talk';
import { message, settled, transcript } from './make';

function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}
const seqs = (talk: ReturnType<typeof createTalk>) => talk.state.transcript?.messages.map(({ seq }) => seq);

describe('the open conversation', () => {
  it('loses no message that arrives while the transcript is under way', async () => {
    const answer = deferred<Transcript>();
    const talk = createTalk({ conversation: () => answer.promise }, () => 'zhang');
    const opened = talk.open('c');
    talk.message('c', message(3));
    talk.message('other', message(9));
    answer.resolve(transcript({ messages: [message(1), message(2)] }));
    await opened;
    expect(seqs(talk)).toEqual([1, 2, 3]);
  });

  it('shows a repeated message once', async () => {
    const talk = createTalk({ conversation: () => Promise.resolve(transcript({ messages: [message(1)] })) }, () => 'zhang');
    await talk.open('c');
    for (const seq of [2, 1, 2]) talk.message('c', message(seq));
    expect(seqs(talk)).toEqual([1, 2]);
  });

  it('fetches again when a message is missing, and only once when that does not help', async () => {
    const conversation = vi.fn(() => Promise.resolve(transcript({ messages: [message(1)] })));
    const talk = createTalk({ conversation }, () => 'zhang');
    await talk.open('c');
    conversation.mockResolvedValueOnce(transcript({ messages: [message(1), message(2), message(3)] }));
    talk.message('c', message(3));
    await settled();
    expect(seqs(talk)).toEqual([1, 2, 3]);
    conversation.mockClear();
    talk.message('c', message(9));
    await settled();
    expect(conversation).toHaveBeenCalledOnce();
  });

  it('ignores the late transcript of a conversation that was left', async () => {
    const slow = deferred<Transcript>();
    const conversation = vi.fn(() => Promise.resolve(transcript({ id: 'b' })));
    conversation.mockReturnValueOnce(slow.promise);
    const talk = createTalk({ conversation }, () => 'zhang');
    const first = talk.open('a');
    await talk.open('b');
    slow.resolve(transcript({ id: 'a' }));
    await first;
    expect(talk.state.transcript?.id).toBe('b');
  });

  it('keeps the news of a stage over an older transcript', async () => {
    const answer = deferred<Transcript>();
    const talk = createTalk({ conversation: () => answer.promise }, () => 'zhang');
    const opened = talk.open('c');
    talk.change('c', { stage: 'claimed', version: 11, owner: 'zhang' });
    answer.resolve(transcript({ stage: 'queued', version: 10 }));
    await opened;
    expect(talk.state.transcript).toMatchObject({ stage: 'claimed', owner: 'zhang' });
  });

  it('hides everything when a colleague takes it, and shows it again when it comes back', async () => {
    const talk = createTalk({ conversation: () => Promise.resolve(transcript({ messages: [message(1)] })) }, () => 'zhang');
    await talk.open('c');
    talk.change('c', { stage: 'claimed', version: 11, owner: 'li' });
    expect(talk.state).toMatchObject({ status: 'taken', winner: 'li', transcript: undefined });
    talk.message('c', message(2));
    expect(talk.state.transcript).toBeUndefined();
    talk.change('c', { stage: 'queued', version: 12 });
    await settled();
    expect(talk.state.status).toBe('ready');
  });

  it('names who has it when the server refuses to show it', async () => {
    const refused = new ApiError(409, 'not_yours', { winner: 'li' });
    const talk = createTalk({ conversation: () => Promise.reject(refused) }, () => 'zhang');
    await talk.open('c');
    expect(talk.state).toMatchObject({ status: 'taken', winner: 'li' });
  });

  it('can be tried again after a failure, and keeps what it shows when a refetch fails', async () => {
    const conversation = vi.fn(() => Promise.reject<Transcript>(new ApiError(0, 'network')));
    const talk = createTalk({ conversation }, () => 'zhang');
    await talk.open('c');
    expect(talk.state.status).toBe('failed');
    conversation.mockResolvedValueOnce(transcript());
    await talk.load();
    expect(talk.state.status).toBe('ready');
    await talk.load();
    expect(talk.state.status).toBe('ready');
  });
});
