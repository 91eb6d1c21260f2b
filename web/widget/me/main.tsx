import '../src/old';

import { fetchWhenShared } from '@yikouwen/shared/assist/fetch';
import type { Locale } from '@yikouwen/shared/wire';
import { render } from 'preact';

import { browserKeeps, keys } from '../src/storage';
import mark from '../page/mark.svg';
import { createApi } from './api';
import { Flow } from './flow';
import { readPlace, readTalk } from './place';
import { Page } from './views/Page';
import { pageLocale } from './words';

const { lasting } = browserKeeps();
const place = readPlace(location);
let locale: Locale = pageLocale(lasting.get(keys.locale), navigator.languages);
let large = lasting.get(keys.large) === 'yes';

const flow = new Flow({
  api: createApi(() => locale),
  go: (url) => location.assign(url),
  address: (path) => history.replaceState(null, '', path),
  token: () => lasting.get(keys.token),
  opener: () => window.opener as Window | null,
  visible: () => document.visibilityState === 'visible',
});

function draw(): void {
  document.documentElement.lang = locale === 'zh' ? 'zh-CN' : 'en';
  document.documentElement.classList.toggle('large', large);
  const host = document.getElementById('app');
  if (!host) return;
  render(
    <Page
      flow={flow}
      mark={mark}
      locale={locale}
      large={large}
      onLocale={(next) => {
        locale = next;
        lasting.set(keys.locale, next);
        draw();
      }}
      onLarge={(next) => {
        large = next;
        lasting.set(keys.large, next ? 'yes' : 'no');
        draw();
      }}
    />,
    host,
  );
}

// What went wrong is told once: after a reload it would be told of something long past.
if (place.fault) {
  const kept = place.login === undefined ? '' : `?login=${place.login}`;
  history.replaceState(null, '', `/me${kept}`);
}
window.addEventListener('hashchange', () => flow.route(readTalk(location.hash)));
window.addEventListener('online', () => flow.wake());
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') flow.wake();
});
// Back from the provider by the back button: the page as it was left would wait for ever.
window.addEventListener('pageshow', (event) => {
  if (event.persisted) void flow.load();
});
draw();
fetchWhenShared('me', '/assist.js');
void flow.start(place.login, place.fault, place.conversation);
