import type { LoginState } from '@yikouwen/shared/wire';
import type { JSX } from 'preact';

import type { LoginStep } from '../login';
import { useUi } from './context';
import { away } from './MarkdownTree';

/** The quiet way to log in; afterwards, who is linked, and what of his questions is still unresolved. */
export function LoginBar({ login, step }: { login: LoginState | undefined; step: LoginStep }): JSX.Element | null {
  const { t, controller } = useUi();
  if (!login) return null;
  if (login.linked) {
    return (
      <div class="login-bar" data-testid="login-bar" data-linked="true">
        {login.unresolved > 0 ? (
          <a class="login-link unresolved" data-testid="unresolved" href={controller.meUrl} {...away}>
            {t('unresolved', { count: login.unresolved })}
          </a>
        ) : (
          <a class="login-link" data-testid="my-questions" href={controller.meUrl} {...away}>
            {t('myQuestions')}
          </a>
        )}
        <span data-testid="linked-as">{login.name === null ? t('linkedNameless') : t('linkedAs', { name: login.name })}</span>
      </div>
    );
  }
  const note = step === 'away' ? t('loginAway') : step === 'failed' ? t('loginFailed') : '';
  const busy = step === 'opening';
  return (
    <div class="login-bar" data-testid="login-bar" data-linked="false">
      <p role="status" data-testid="login-note">
        {note}
      </p>
      <button type="button" class="login-link" data-testid="login" aria-disabled={busy} onClick={() => !busy && controller.logIn()}>
        {t(busy ? 'loginOpening' : 'login')}
      </button>
    </div>
  );
}
