import { clockTime, longDate } from '@yikouwen/shared/time';
import type { ChannelLink, PastConversation, Person } from '@yikouwen/shared/wire';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { talkHash } from '../place';
import { channelName } from '../words';
import { useMe } from './context';
import { Ask, Button, Card, Heading } from './parts';

/** What was asked in all channels, what is linked, and the ways out. */
export function Home({ me }: { me: Person }): JSX.Element {
  const { t } = useMe();
  const unresolved = me.conversations.filter(({ state }) => state === 'unresolved');
  const others = me.conversations.filter(({ state }) => state !== 'unresolved');
  return (
    <>
      <Card>
        <Heading masked={me.name !== null}>{me.name === null ? t('homeTitleNameless') : t('homeTitle', { name: me.name })}</Heading>
        {me.conversations.length === 0 && <p>{t('none')}</p>}
        {/* A helper with whom this page is shared has one of the conversations and not the others: the citizen decides. */}
        <div data-assist-reveal={t('revealTalks')}>
          <Talks id="unresolved" title={t('unresolvedTitle', { count: unresolved.length })} talks={unresolved} />
          <Talks id="others" title={t('othersTitle', { count: others.length })} talks={others} />
        </div>
        <a class="button main" href="/" data-testid="to-ask" data-assist-show>
          {t('ask')}
        </a>
      </Card>
      <Links links={me.links} />
      <Account />
    </>
  );
}

function Talks({ id, title, talks }: { id: string; title: string; talks: PastConversation[] }): JSX.Element | null {
  const { t, locale } = useMe();
  if (talks.length === 0) return null;
  return (
    <section aria-labelledby={`${id}-title`} data-testid={id}>
      <h2 id={`${id}-title`} data-assist="mask">
        {title}
      </h2>
      <ul class="talks">
        {talks.map((talk) => (
          <li key={talk.id}>
            <a class={`talk ${talk.state}`} href={talkHash(talk.id)} data-testid="talk" data-state={talk.state} data-talk={talk.id}>
              <span class="question">{talk.question === '' ? t('noQuestion') : talk.question}</span>
              {(talk.unanswered ?? [])
                .filter((one) => one !== talk.question)
                .map((one, at) => (
                  <span key={at} class="soft" data-testid="unanswered">
                    {t('unanswered', { question: one })}
                  </span>
                ))}
              <span class="facts">
                <span class="state">{t(`state_${talk.state}`)}</span>
                <span class="soft">
                  {t('talkAt', { date: longDate(talk.opened_at, locale), channel: channelName(t, talk.type) })}
                </span>
              </span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Links({ links }: { links: ChannelLink[] }): JSX.Element {
  const { t, locale, flow } = useMe();
  const [asking, setAsking] = useState<ChannelLink>();
  const [busy, setBusy] = useState(false);
  const channel = channelName(t, asking?.type ?? 'web');
  return (
    <Card>
      <section aria-labelledby="links-title" data-testid="links">
        <h2 id="links-title">{t('linksTitle')}</h2>
        {links.length === 0 && <p class="soft" data-assist-show>{t('linksNone')}</p>}
        <ul class="links">
          {links.map((link) => (
            <li key={link.id} data-testid="link">
              <span>
                <strong data-assist-show>{channelName(t, link.type)}</strong>
                <span class="soft">{t('linkSince', { date: `${longDate(link.since, locale)} ${clockTime(link.since, locale)}` })}</span>
              </span>
              <Button id="unlink" kind="other" label={t('unlinkLabel', { channel: channelName(t, link.type) })} onPress={() => setAsking(link)}>
                {t('unlink')}
              </Button>
            </li>
          ))}
        </ul>
      </section>
      {asking && (
        <Ask
          title={t('unlinkAsk', { channel })}
          text={t('unlinkText', { channel })}
          action={t(busy ? 'working' : 'unlink')}
          cancel={t('cancel')}
          busy={busy}
          onNo={() => setAsking(undefined)}
          onYes={() => {
            setBusy(true);
            void flow.unlink(asking.id);
          }}
        />
      )}
    </Card>
  );
}

function Account(): JSX.Element {
  const { t, provider, flow } = useMe();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  return (
    <Card shown>
      <section aria-labelledby="account-title">
        <h2 id="account-title">{t('accountTitle')}</h2>
        <p class="soft">{t('accountText', { provider })}</p>
        <div class="pair">
          <Button id="logout" kind="other" onPress={() => void flow.logout()}>
            {t('logout')}
          </Button>
          <Button id="forget" kind="quiet" onPress={() => setAsking(true)}>
            {t('forget')}
          </Button>
        </div>
      </section>
      {asking && (
        <Ask
          title={t('forgetAsk')}
          text={t('forgetText')}
          action={t(busy ? 'working' : 'forget')}
          cancel={t('cancel')}
          busy={busy}
          onNo={() => setAsking(false)}
          onYes={() => {
            setBusy(true);
            void flow.forget();
          }}
        />
      )}
    </Card>
  );
}
