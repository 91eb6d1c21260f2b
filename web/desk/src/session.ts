/** Who is signed in. The session itself is a cookie that scripts cannot see; `me` tells whether it still holds. */
import { Backoff } from '@yikouwen/shared/backoff';
import type { Me } from '@yikouwen/shared/wire';
import { ref, type Ref } from 'vue';

import { ApiError, createApi, type Api } from './api';
import { languageTag } from './locale';
import { tabStorage } from './storage';

const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

export const outboxKey = (name: string): string => `yikouwen.desk.outbox.${name}`;
export const draftsKey = (name: string): string => `yikouwen.desk.drafts.${name}`;

export interface Session {
  api: Api;
  /** Undefined while nobody is signed in. */
  me: Ref<Me | undefined>;
  /** False until the first answer about the cookie. */
  checked: Ref<boolean>;
  /** The session ended by itself, not by signing out. */
  expired: Ref<boolean>;
  check: () => Promise<void>;
  login: (name: string, password: string) => Promise<void>;
  logout: () => Promise<void>;
  changePassword: (current: string, next: string) => Promise<void>;
}

export function createSession(make: typeof createApi = createApi): Session {
  const me = ref<Me>();
  const checked = ref(false);
  const expired = ref(false);
  const api = make({
    language: languageTag,
    onUnauthorized: () => {
      if (me.value) expired.value = true;
      me.value = undefined;
    },
  });

  const check = async (): Promise<void> => {
    const backoff = new Backoff();
    while (!checked.value) {
      try {
        me.value = await api.me();
        checked.value = true;
      } catch (error) {
        // "Nobody" is an answer. A server out of reach is none: asking a signed-in helper to sign in would be wrong.
        if (error instanceof ApiError && error.passing && error.status !== 401) await sleep(backoff.next());
        else checked.value = true;
      }
    }
  };

  return {
    api,
    me,
    checked,
    expired,
    check,
    async login(name, password) {
      const { helper } = await api.login(name, password);
      expired.value = false;
      // Capacity comes with `me` only. When that second request fails the helper is signed in all the same.
      me.value = await api.me().catch(() => ({ ...helper, capacity: 0, load: 0 }));
    },
    async logout() {
      const name = me.value?.name;
      // Offline the cookie stays, so the words of citizens at least leave this computer.
      await api.logout().catch(() => undefined);
      if (name !== undefined) {
        tabStorage.remove(outboxKey(name));
        tabStorage.remove(draftsKey(name));
      }
      me.value = undefined;
      expired.value = false;
    },
    async changePassword(current, next) {
      await api.changePassword(current, next);
      if (me.value) me.value = { ...me.value, must_change_password: false };
    },
  };
}
