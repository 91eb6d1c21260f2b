/**
 * Files on their way to the citizen. Each keeps its id, so that sending again is harmless; a reload loses them, since
 * no storage of a page holds a film.
 */
import { freshId } from '@yikouwen/shared/ids';
import type { Message } from '@yikouwen/shared/wire';
import { markRaw, reactive } from 'vue';

export interface OutgoingFile {
  id: string;
  conversation: string;
  file: File;
  state: 'sending' | 'failed';
  /** Why it failed. */
  error?: unknown;
}

export interface FilesOutOptions {
  send: (conversation: string, file: { id: string; file: File }) => Promise<Message>;
  onSent: (conversation: string, message: Message) => void;
}

export type FilesOut = ReturnType<typeof createFilesOut>;

export function createFilesOut({ send, onSent }: FilesOutOptions) {
  const items = reactive<OutgoingFile[]>([]);

  const drop = (id: string): void => {
    const at = items.findIndex((item) => item.id === id);
    if (at >= 0) items.splice(at, 1);
  };

  async function push(id: string): Promise<void> {
    const item = items.find((one) => one.id === id);
    if (!item) return;
    item.state = 'sending';
    delete item.error;
    try {
      const message = await send(item.conversation, { id, file: item.file });
      onSent(item.conversation, message);
      drop(id);
    } catch (error) {
      item.state = 'failed';
      item.error = error;
    }
  }

  return {
    items,
    add(conversation: string, files: Iterable<File>): void {
      for (const file of files) {
        const id = freshId();
        items.push({ id, conversation, file: markRaw(file), state: 'sending' });
        void push(id);
      }
    },
    retry: (id: string): void => void push(id),
    /** Gives a file up, or takes it out because its message has come by the live connection. */
    drop,
  };
}
