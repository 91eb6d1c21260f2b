import { inject, type InjectionKey } from 'vue';

import type { ShareDesk } from './share';

export const shareKey: InjectionKey<ShareDesk> = Symbol('share');

/** Nothing where no workbench is around, as in a test of a single part. */
export function useShare(): ShareDesk | undefined {
  return inject(shareKey, undefined);
}
