import type { JSX } from 'preact';

import type { Fault, Ticket } from '../flow';
import { channelOf } from '../words';
import { useMe } from './context';
import { Button, Card, Heading } from './parts';

/** What went wrong in plain words, and the one thing to do next. */
export function FaultScreen({ fault, detail, ticket }: { fault: Fault; detail: string | undefined; ticket: Ticket | undefined }): JSX.Element {
  const { t, provider, flow } = useMe();
  const channel = ticket ? channelOf(t, ticket) : t('channel_web');
  return (
    <Card shown>
      <div role="alert" data-testid="fault" data-fault={fault}>
        <Heading>{t(`fault_${fault}`, { provider, channel })}</Heading>
        <p>{t(`faultDo_${fault}`, { provider, channel })}</p>
        {fault === 'server' && detail !== undefined && <p class="soft" data-assist="mask">{detail}</p>}
      </div>
      <Next fault={fault} />
      {fault === 'linked_elsewhere' && (
        <Button id="to-home" kind="other" onPress={() => void flow.home()}>
          {t('toHome')}
        </Button>
      )}
    </Card>
  );
}

function Next({ fault }: { fault: Fault }): JSX.Element {
  const { t, flow } = useMe();
  switch (fault) {
    case 'denied':
    case 'failed':
    case 'expired':
      return (
        <Button id="login" onPress={() => void flow.leave()}>
          {t('loginAgain')}
        </Button>
      );
    case 'unreachable':
      return (
        <Button id="login" onPress={() => void flow.leave()}>
          {t('retry')}
        </Button>
      );
    case 'ticket_over':
      return (
        <Button id="to-home" kind="other" onPress={() => void flow.home()}>
          {t('toHome')}
        </Button>
      );
    case 'linked_elsewhere':
      return (
        <Button id="other-person" onPress={() => void flow.changePerson()}>
          {t('otherAccount')}
        </Button>
      );
    case 'offline':
    case 'server':
      return (
        <Button id="retry" onPress={() => void flow.load()}>
          {t('retry')}
        </Button>
      );
  }
}

export function OffScreen(): JSX.Element {
  const { t } = useMe();
  return (
    <Card shown>
      <Heading>{t('offTitle')}</Heading>
      <p>{t('offText')}</p>
      <a class="button main" href="/">
        {t('ask')}
      </a>
    </Card>
  );
}

export function ForgottenScreen(): JSX.Element {
  const { t } = useMe();
  return (
    <Card shown>
      <Heading>{t('forgottenTitle')}</Heading>
      <p>{t('forgottenText')}</p>
      <a class="button main" href="/">
        {t('ask')}
      </a>
    </Card>
  );
}
