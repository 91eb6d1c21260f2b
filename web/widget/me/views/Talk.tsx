import { sizeText } from '@yikouwen/shared/size';
import { dateTime, longDate } from '@yikouwen/shared/time';
import type { PastTranscript } from '@yikouwen/shared/wire';
import type { JSX } from 'preact';

import { MarkdownTree } from '../../src/views/MarkdownTree';
import { channelName } from '../words';
import { useMe } from './context';
import { Button, Card, Heading } from './parts';

type Said = PastTranscript['messages'][number];

/** One conversation, to read. */
export function Talk({ talk, failed }: { talk: PastTranscript | undefined; failed: 'gone' | 'offline' | undefined }): JSX.Element {
  const { t, locale, flow } = useMe();
  const back = (
    <a class="button other back" href="#/" data-testid="back" data-assist-show>
      {t('back')}
    </a>
  );
  if (!talk) {
    return (
      <Card>
        <p class="waiting" role="status" data-testid="talk-state" data-failed={failed} data-assist-show>
          {t(failed === 'gone' ? 'talkGone' : failed === 'offline' ? 'talkOffline' : 'talkLoading')}
        </p>
        {failed === 'offline' && (
          <Button id="retry" onPress={() => flow.retryTalk()}>
            {t('retry')}
          </Button>
        )}
        {back}
      </Card>
    );
  }
  return (
    <Card>
      {back}
      <Heading masked>{t('talkAt', { date: longDate(talk.opened_at, locale), channel: channelName(t, talk.type) })}</Heading>
      <p class={`talk-state ${talk.state}`} data-testid="talk-state" data-state={talk.state}>
        {t(`state_${talk.state}`)}
      </p>
      <div class="messages" data-testid="talk-messages" data-assist-reveal={t('revealTalk')}>
        {talk.messages.map((message) => (
          <SaidView key={message.seq} message={message} />
        ))}
      </div>
      {talk.state === 'unresolved' && (
        <>
          <p data-assist-show>{t('talkUnresolved')}</p>
          <a class="button main" href="/" data-assist-show>
            {t('askOn')}
          </a>
        </>
      )}
    </Card>
  );
}

function SaidView({ message }: { message: Said }): JSX.Element {
  const { t, locale } = useMe();
  const { author, text, attachments = [] } = message;
  const names = { citizen: t('you'), robot: t('robot'), helper: message.name ?? t('helper'), system: t('system') };
  return (
    <article class={`said ${author}`} data-testid="said" data-author={author}>
      <p class="who">
        <strong>{names[author]}</strong>
        <time dateTime={message.at}>{dateTime(message.at, locale)}</time>
      </p>
      <div class="bubble">
        {/* A citizen's words are shown as typed: a star in them is a star. */}
        {author === 'citizen' ? text !== '' && <p class="typed">{text}</p> : <MarkdownTree text={text} mark={(number) => `[${number}]`} />}
        {attachments.map(({ name, bytes }, at) => (
          <p key={at} class="soft">
            {bytes === undefined || bytes === null
              ? t('attachment', { name })
              : t('attachmentSize', { name, size: sizeText(bytes) })}
          </p>
        ))}
      </div>
    </article>
  );
}
