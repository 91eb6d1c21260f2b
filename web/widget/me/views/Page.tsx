import type { Locale } from '@yikouwen/shared/wire';
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import type { Flow, Screen } from '../flow';
import { translator } from '../words';
import { Card } from './parts';
import { MeProvider, useMe, type Ui } from './context';
import { CodeScreen, ConsentScreen, DeclinedScreen, DoneScreen, JoiningScreen, TicketScreen, WelcomeScreen } from './LoginScreens';
import { FaultScreen, ForgottenScreen, OffScreen } from './FaultScreens';
import { Home } from './Home';
import { Talk } from './Talk';

export interface PageProps {
  flow: Flow;
  mark: string;
  locale: Locale;
  large: boolean;
  onLocale: (locale: Locale) => void;
  onLarge: (large: boolean) => void;
}

export function Page({ flow, mark, locale, large, onLocale, onLarge }: PageProps): JSX.Element {
  const [screen, setScreen] = useState<Screen>(flow.screen);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const t = useMemo(() => translator(locale), [locale]);
  const provider = labelOf(flow, screen, locale) ?? t('providerUnknown');
  const ui = useMemo((): Ui => ({ t, locale, flow, provider }), [t, locale, flow, provider]);
  useEffect(() => {
    setScreen(flow.screen);
    return flow.subscribe(() => setScreen(flow.screen));
  }, [flow]);
  const which = screen.at === 'talk' ? `talk ${screen.id} ${screen.talk === undefined}` : screen.at;
  useEffect(() => {
    const heading = main.current?.querySelector<HTMLElement>('h1');
    document.title = heading ? `${heading.textContent} · ${t('title')}` : t('title');
    if (which === 'loading') return;
    // Whoever listens to the page hears what it shows now; the page that opens speaks for itself.
    if (!first.current) heading?.focus({ preventScroll: true });
    first.current = false;
    try {
      window.scrollTo(0, 0);
    } catch {
      // Where nothing is laid out, nothing scrolls.
    }
  }, [which, t]);
  return (
    <MeProvider value={ui}>
      <a
        class="skip"
        href="#main"
        data-assist-show
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {t('skip')}
      </a>
      <header class="top">
        <div class="top-inner" data-assist-show>
          <img class="mark" src={mark} alt="" width="40" height="40" />
          <p class="place">
            <a href="/">{flow.site ? `${flow.site.name} · ${t('brand')}` : t('brand')}</a>
            {flow.site?.demo === true && <span class="demo">{t('demo')}</span>}
          </p>
          <div class="top-buttons">
            <button type="button" class="top-button" data-testid="large-toggle" aria-pressed={large} onClick={() => onLarge(!large)}>
              {t(large ? 'largeOn' : 'large')}
            </button>
            <button
              type="button"
              class="top-button"
              data-testid="language-toggle"
              aria-label={t('languageLabel')}
              lang={locale === 'zh' ? 'en' : 'zh-CN'}
              onClick={() => onLocale(locale === 'zh' ? 'en' : 'zh')}
            >
              {t('language')}
            </button>
          </div>
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1} data-testid="me" data-screen={screen.at}>
        <Shown screen={screen} />
      </main>
    </MeProvider>
  );
}

function labelOf({ site }: Flow, screen: Screen, locale: Locale): string | undefined {
  const known = 'me' in screen ? screen.me.provider : site?.login?.label;
  return known?.[locale];
}

function Shown({ screen }: { screen: Screen }): JSX.Element {
  switch (screen.at) {
    case 'loading':
      return <Loading />;
    case 'off':
      return <OffScreen />;
    case 'welcome':
      return <WelcomeScreen leaving={screen.leaving} />;
    case 'ticket':
      return <TicketScreen ticket={screen.ticket} leaving={screen.leaving} />;
    case 'consent':
      return <ConsentScreen ticket={screen.ticket} me={screen.me} busy={screen.busy} />;
    case 'declined':
      return <DeclinedScreen ticket={screen.ticket} />;
    case 'joining':
      return <JoiningScreen />;
    case 'code':
      return <CodeScreen ticket={screen.ticket} code={screen.code} until={screen.until} />;
    case 'done':
      return <DoneScreen ticket={screen.ticket} />;
    case 'home':
      return <Home me={screen.me} />;
    case 'talk':
      return <Talk key={screen.id} talk={screen.talk} failed={screen.failed} />;
    case 'forgotten':
      return <ForgottenScreen />;
    case 'fault':
      return <FaultScreen fault={screen.fault} detail={screen.detail} ticket={screen.ticket} />;
  }
}

function Loading(): JSX.Element {
  const { t } = useMe();
  return (
    <Card shown>
      <p class="waiting" role="status">
        {t('loading')}
      </p>
    </Card>
  );
}
