import { clockTime } from '@yikouwen/shared/time';
import type { Person } from '@yikouwen/shared/wire';
import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';

import type { Ticket } from '../flow';
import { channelOf } from '../words';
import { useMe } from './context';
import { Button, Card, Heading } from './parts';

export function WelcomeScreen({ leaving }: { leaving: boolean }): JSX.Element {
  const { t } = useMe();
  return (
    <Card shown>
      <Heading>{t('title')}</Heading>
      <p>{t('welcomeText')}</p>
      <LoginButton leaving={leaving} />
      <p class="soft">{t('welcomeFree')}</p>
    </Card>
  );
}

export function TicketScreen({ ticket, leaving }: { ticket: Ticket; leaving: boolean }): JSX.Element {
  const { t } = useMe();
  const channel = channelOf(t, ticket);
  return (
    <Card shown>
      <Heading>{t('ticketTitle', { channel })}</Heading>
      <p>{t('ticketText', { channel })}</p>
      <Warning text={t('ticketWarning')} />
      <LoginButton leaving={leaving} />
    </Card>
  );
}

function LoginButton({ leaving }: { leaving: boolean }): JSX.Element {
  const { t, flow, provider } = useMe();
  return (
    <Button id="login" busy={leaving} onPress={() => void flow.leave()}>
      {t(leaving ? 'leaving' : 'loginWith', { provider })}
    </Button>
  );
}

function Warning({ text }: { text: string }): JSX.Element {
  const { t } = useMe();
  return (
    <p class="warning" data-testid="warning">
      <strong>{t('warning')}</strong>
      {text}
    </p>
  );
}

/** Nothing is ticked in advance: two buttons, and the whole of the text before them. */
export function ConsentScreen({ ticket, me, busy }: { ticket: Ticket; me: Person; busy: boolean }): JSX.Element {
  const { t, locale, flow } = useMe();
  const channel = channelOf(t, ticket);
  return (
    <Card shown>
      <Heading masked={me.name !== null}>{me.name === null ? t('consentTitleNameless') : t('consentTitle', { name: me.name })}</Heading>
      <p class="ask-line">{t('consentAsk', { channel })}</p>
      <Warning text={t('consentWarning')} />
      <div class="consent" data-testid="consent-text">
        {ticket.consent[locale].split('\n').map((line, at) => (
          <p key={at}>{line}</p>
        ))}
      </div>
      <Button id="agree" busy={busy} onPress={() => void flow.consent()}>
        {t(busy ? 'agreeing' : 'agree')}
      </Button>
      <Button id="decline" kind="other" onPress={() => flow.decline()}>
        {t('decline')}
      </Button>
      <Button id="other-person" kind="quiet" onPress={() => void flow.changePerson()}>
        {t('otherPerson')}
      </Button>
    </Card>
  );
}

export function DeclinedScreen({ ticket }: { ticket: Ticket }): JSX.Element {
  const { t, flow } = useMe();
  return (
    <Card shown>
      <Heading>{t('declinedTitle')}</Heading>
      <p>{t('declinedText', { channel: channelOf(t, ticket) })}</p>
      <Button id="to-home" kind="other" onPress={() => void flow.home()}>
        {t('toHome')}
      </Button>
    </Card>
  );
}

export function JoiningScreen(): JSX.Element {
  const { t } = useMe();
  return (
    <Card shown>
      <Heading>{t('joiningTitle')}</Heading>
      <p class="waiting" role="status">
        {t('joiningText')}
      </p>
    </Card>
  );
}

export function CodeScreen({ ticket, code, until }: { ticket: Ticket; code: string; until: string }): JSX.Element {
  const { t, locale } = useMe();
  const [copied, setCopied] = useState(false);
  const digits = useRef<HTMLParagraphElement>(null);
  return (
    <Card shown>
      <Heading>{t('codeTitle')}</Heading>
      <p>{t('codeText', { channel: channelOf(t, ticket) })}</p>
      {/* Read out digit by digit; selected as a whole by one tap, for where nothing may write to the clipboard. */}
      <p ref={digits} class="code" data-testid="code" data-assist="block">
        <span aria-hidden="true">{code}</span>
        <span class="sr-only">{t('codeLabel', { digits: Array.from(code).join(' ') })}</span>
      </p>
      <Button id="copy" onPress={() => void copy(code, digits.current).then(setCopied)}>
        {t(copied ? 'copied' : 'copy')}
      </Button>
      <p>{t('codeUntil', { time: clockTime(until, locale) })}</p>
      <p class="soft" role="status">
        {t('codeWaiting')}
      </p>
    </Card>
  );
}

/** In-app browsers often refuse the clipboard's own interface but still do the old command. */
async function copy(text: string, shown: HTMLElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const selection = window.getSelection();
    const digits = shown?.firstElementChild;
    if (!selection || !digits) return false;
    selection.selectAllChildren(digits);
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is nothing else on plain http and in older views
    return document.execCommand('copy');
  }
}

export function DoneScreen({ ticket }: { ticket: Ticket }): JSX.Element {
  const { t, flow } = useMe();
  return (
    <Card shown>
      <Heading>{t('doneTitle')}</Heading>
      <p>{t('doneText', { channel: channelOf(t, ticket) })}</p>
      <Button id="to-home" onPress={() => void flow.home()}>
        {t('toHome')}
      </Button>
    </Card>
  );
}
