import type { Site } from '@yikouwen/shared/wire';
import type { JSX } from 'preact';

import { useUi } from './context';
import { Markdown } from './Markdown';

export function Welcome({ site, starters }: { site: Site | undefined; starters: boolean }): JSX.Element {
  const { t, locale, controller } = useUi();
  const questions = site?.starters[locale] ?? [];
  return (
    <div class="welcome">
      <article class="turn robot" data-testid="greeting" data-assist-show>
        <p class="who">
          <span class="name">{t('robotName')}</span>
          <span class="badge">{t('aiBadge')}</span>
        </p>
        <div class="bubble">
          <Markdown text={site?.greeting[locale] ?? t('greeting')} />
        </div>
      </article>
      {starters && questions.length > 0 && (
        <div class="starters" role="group" aria-label={t('startersTitle')}>
          <p class="label" data-assist-show>{t('startersTitle')}</p>
          {questions.map((question) => (
            <button key={question} type="button" class="choice" data-testid="starter" onClick={() => controller.say(question)}>
              {question}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
