import type { ErrorCode } from '@yikouwen/shared/wire';
import type { JSX } from 'preact';

import type { TextKey, Translate } from '../locale';
import type { State } from '../state';
import { useUi } from './context';

const errors: Record<ErrorCode, TextKey> = {
  empty: 'errorEmpty',
  too_long: 'errorTooLong',
  bad_frame: 'errorBadFrame',
  busy: 'errorBusy',
  rate_limited: 'errorRateLimited',
  unauthorized: 'errorUnauthorized',
  unknown_message: 'errorUnknownMessage',
  not_now: 'errorNotNow',
  unavailable: 'errorUnavailable',
  file_empty: 'errorFileEmpty',
  file_too_large: 'errorFileTooLarge',
  file_forbidden: 'errorFileForbidden',
};

/** Where the conversation stands with people, and how the line is; both are read out when they change. */
export function StatusLine({ state }: { state: State }): JSX.Element {
  const { t } = useUi();
  const stage = stageText(state, t);
  const line = lineText(state, t);
  return (
    <div class="status-area" data-assist-show>
      <p class="status" role="status" data-testid="status" data-stage={state.stage} hidden={stage === ''}>
        {stage}
      </p>
      <p class={`notice ${state.link}`} role="status" data-testid="notice" data-link={state.link} hidden={line === ''}>
        {line}
      </p>
    </div>
  );
}

export function stageText(state: State, t: Translate): string {
  const name = state.helper ?? t('helperName');
  switch (state.stage) {
    case 'robot':
      return '';
    case 'queued':
      return queueText(state, t);
    case 'claimed':
      return t('stageClaimed', { name });
    case 'serving':
      return t('stageServing', { name });
    case 'reclaim_grace':
      return t('stageReclaim');
    case 'wrap_up':
      return t('stageWrapUp');
    case 'closed':
      return t('stageClosed');
    case 'left_message':
      return t('stageLeftMessage');
  }
}

function queueText({ position, waitSeconds, deskOpen }: State, t: Translate): string {
  const parts = [position === undefined ? t('stageQueuedSoon') : t('stageQueued', { position })];
  // With nobody at the desk an estimate would be a promise that nobody keeps.
  if (waitSeconds !== undefined && deskOpen !== false) parts.push(t('stageWait', { wait: waitText(waitSeconds, t) }));
  // Sentences rather than a table: this line is read aloud.
  parts.push(t(deskOpen === false ? 'deskClosed' : 'stageKeepWaiting'));
  return parts.join(' · ');
}

export function waitText(seconds: number, t: Translate): string {
  return seconds < 60 ? t('seconds') : t('minutes', { count: Math.ceil(seconds / 60) });
}

function lineText(state: State, t: Translate): string {
  if (state.link === 'down') return t('linkDown');
  if (state.link === 'connecting') return t('linkConnecting');
  return state.notice ? t(errors[state.notice.code]) : '';
}
