import type { Citation, Locale } from '@yikouwen/shared/wire';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

import type { Controller } from '../controller';
import type { Translate } from '../locale';

/** What nearly every view needs, handed down without passing it through each. */
export interface Ui {
  t: Translate;
  locale: Locale;
  controller: Controller;
  /** It is all of a page of its own server, which can be shared as a whole. */
  isPage: boolean;
  openSource: (citation: Citation) => void;
}

const UiContext = createContext<Ui | undefined>(undefined);

export const UiProvider = UiContext.Provider;

export function useUi(): Ui {
  const ui = useContext(UiContext);
  if (!ui) throw new Error('a view was drawn outside the widget');
  return ui;
}
