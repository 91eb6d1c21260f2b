import type { Locale } from '@yikouwen/shared/wire';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

import type { Flow } from '../flow';
import type { Translate } from '../words';

export interface Ui {
  t: Translate;
  locale: Locale;
  flow: Flow;
  /** The name of what one logs in with. */
  provider: string;
}

const MeContext = createContext<Ui | undefined>(undefined);

export const MeProvider = MeContext.Provider;

export function useMe(): Ui {
  const ui = useContext(MeContext);
  if (!ui) throw new Error('a view was drawn outside the page');
  return ui;
}
