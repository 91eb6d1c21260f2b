import type { Citation, Locale, Site } from '@yikouwen/shared/wire';
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import type { Controller } from '../controller';
import { translator } from '../locale';
import type { Pending, State } from '../state';
import { keys, type Keeps } from '../storage';
import { Composer } from './Composer';
import { UiProvider, type Ui } from './context';
import { EntrySheet } from './EntrySheet';
import { Header } from './Header';
import { Launcher } from './Launcher';
import { LoginBar } from './LoginBar';
import { StatusLine } from './StatusLine';
import { Thread } from './Thread';

export interface AppProps {
  controller: Controller;
  keeps: Keeps;
  mode: 'bubble' | 'page';
  isPage: boolean;
  title: string | undefined;
  locale: Locale;
  large: boolean;
  open: boolean;
  onLocale: (locale: Locale) => void;
  onLarge: (large: boolean) => void;
  onOpen: (open: boolean) => void;
}

export function App(props: AppProps): JSX.Element {
  const { controller, keeps, mode, locale, large, open } = props;
  const state = useStore(controller);
  const site = useSite(controller, open, state.link);
  const [words, setWords] = useState(() => keeps.tab.get(keys.words) ?? '');
  const [citation, setCitation] = useState<Citation>();
  const box = useRef<HTMLTextAreaElement>(null);
  const t = useMemo(() => translator(locale), [locale]);
  const { isPage } = props;
  const ui = useMemo((): Ui => ({ t, locale, controller, isPage, openSource: setCitation }), [t, locale, controller, isPage]);
  const unread = useUnread(state, open);

  useEffect(() => {
    if (open) controller.start();
  }, [controller, open]);

  const write = (next: string): void => {
    setWords(next);
    if (next === '') keeps.tab.remove(keys.words);
    else keeps.tab.set(keys.words, next);
  };
  const edit = (pending: Pending): void => {
    controller.withdraw(pending.id);
    write(words.trim() === '' ? pending.text : `${pending.text}\n${words}`);
    box.current?.focus();
  };
  const bubble = mode === 'bubble';
  return (
    <UiProvider value={ui}>
      <div class={`root mode-${mode} ${large ? 'large' : 'normal'}`} lang={locale === 'zh' ? 'zh-CN' : 'en'}>
        {bubble && !open && <Launcher unread={unread} onOpen={() => props.onOpen(true)} />}
        {open && (
          <section
            class="panel"
            data-testid="chat-panel"
            role={bubble ? 'dialog' : 'region'}
            aria-labelledby="chat-title"
            onKeyDown={(event) => {
              if (bubble && event.key === 'Escape' && !event.isComposing) props.onOpen(false);
            }}
          >
            <Header
              id="chat-title"
              title={props.title ?? t('title')}
              large={large}
              onLarge={() => props.onLarge(!large)}
              onLanguage={() => props.onLocale(locale === 'zh' ? 'en' : 'zh')}
              onMinimize={bubble ? () => props.onOpen(false) : undefined}
            />
            {site?.login && <LoginBar login={state.login} step={state.loginStep} />}
            <StatusLine state={state} />
            <Thread state={state} site={site} onEdit={edit} />
            <Composer state={state} large={large} words={words} onWords={write} box={box} />
            <p class="ai-label" data-testid="ai-label" data-assist-show>
              {site?.ai_label[locale] ?? t('aiLabel')}
            </p>
            {citation && <EntrySheet key={citation.id} citation={citation} onClose={() => setCitation(undefined)} />}
          </section>
        )}
      </div>
    </UiProvider>
  );
}

function useStore({ store }: Controller): State {
  const [state, setState] = useState(store.state);
  useEffect(() => {
    setState(store.state);
    return store.subscribe(() => setState(store.state));
  }, [store]);
  return state;
}

/** The first screen's words; asked for again when the line comes back, should the first answer have failed. */
function useSite(controller: Controller, open: boolean, link: State['link']): Site | undefined {
  const [site, setSite] = useState<Site>();
  useEffect(() => {
    if (!open || site) return;
    controller.site().then(setSite, () => undefined);
  }, [controller, open, link, site]);
  return site;
}

/** How many messages came while the panel was put away. */
function useUnread({ messages }: State, open: boolean): number {
  const seen = useRef(0);
  const others = messages.filter((message) => message.author !== 'citizen').length;
  if (open || others < seen.current) seen.current = others;
  return others - seen.current;
}
