import { ElMessage } from 'element-plus';
import { ref, type Ref } from 'vue';

import { ApiError } from './api';
import { useDesk } from './desk';
import { explain } from './errors';
import { useLocale } from './locale';
import type { Texts } from './locales/zh';
import { useRoute } from './route';

/** What to tell the loser of a claim: who won, where the server knows; else why it refused. */
export function claimRefusal(error: unknown, t: Texts): string {
  if (!(error instanceof ApiError) || error.status !== 409) return explain(error, t);
  const { winner, title } = error.problem;
  if (winner !== undefined && winner !== '') return t.queue.lost(winner);
  return title || t.queue.lostUnknown;
}

export function useClaim(): { claim: (conversation: string) => Promise<void>; claiming: Ref<string | undefined> } {
  const desk = useDesk();
  const { t } = useLocale();
  const { go } = useRoute();
  const claiming = ref<string>();
  return {
    claiming,
    async claim(conversation) {
      if (claiming.value !== undefined) return;
      claiming.value = conversation;
      try {
        await desk.claim(conversation);
        go({ conversation, evidence: false });
        ElMessage.success(t.value.queue.claimed);
        desk.focusComposer();
      } catch (error) {
        ElMessage.warning({ message: claimRefusal(error, t.value), duration: 5000 });
      } finally {
        claiming.value = undefined;
      }
    },
  };
}
