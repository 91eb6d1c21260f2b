import { safeHref } from '@yikouwen/shared/markdown';
import { longDate } from '@yikouwen/shared/time';
import type { Entry, Locale, Material, PolicyCondition } from '@yikouwen/shared/wire';
import type { ComponentChildren, JSX } from 'preact';

import type { TextKey, Translate } from '../locale';
import { useUi } from './context';
import { Markdown } from './Markdown';
import { away } from './MarkdownTree';
import { Fact } from './EntrySheet';
import { Windows } from './Windows';

/** The whole entry, in the order a citizen needs it: what it is, what to bring, what to do, what it costs, where to go. */
export function EntryBody({ entry, quote }: { entry: Entry; quote: string | undefined }): JSX.Element {
  const { t, locale } = useUi();
  const { conditions = [], materials = [], steps = [], windows = [], attachments = [] } = entry;
  return (
    <div class="entry" data-testid="entry">
      {/* Above the entry stands what the answer quotes; the same words are not read twice. */}
      {entry.answer !== undefined && entry.answer !== quote && (
        <Section title={t('entryAnswer')}>
          <Markdown text={entry.answer} />
        </Section>
      )}
      {entry.benefits !== undefined && (
        <Section title={t('entryBenefits')}>
          <Markdown text={entry.benefits} />
        </Section>
      )}
      <dl class="facts">
        <Fact name={t('entryFees')} value={entry.fees} />
        <Fact name={t('entryTimeLimit')} value={timeLimit(entry, t)} />
        <Fact name={t('entryApplyPeriod')} value={period(entry, t, locale)} />
        <Fact name={t('entryExpires')} value={entry.expires_on && longDate(entry.expires_on, locale)} />
      </dl>
      {conditions.length > 0 && (
        <Section title={t('entryConditions')}>
          <ul>
            {conditions.map((one, at) => (
              <li key={at}>{typeof one === 'string' ? one : comparison(one, t)}</li>
            ))}
          </ul>
        </Section>
      )}
      {materials.length > 0 && (
        <Section title={t('entryMaterials')}>
          <ol class="materials" data-testid="materials">
            {materials.map((material) => (
              <MaterialView key={material.name} material={material} />
            ))}
          </ol>
        </Section>
      )}
      {steps.length > 0 && (
        <Section title={t('entrySteps')}>
          <ol>
            {steps.map((step, at) => (
              <li key={at}>{step}</li>
            ))}
          </ol>
        </Section>
      )}
      {windows.length > 0 && (
        <Section title={t('entryWindows')}>
          <Windows windows={windows} />
        </Section>
      )}
      <div class="links">
        <Away address={entry.online_url} label={t('entryOnline')} />
        <Away address={entry.appointment_url} label={t('entryAppointment')} />
        <Away address={entry.video_url} label={t('entryVideo')} />
      </div>
      {attachments.length > 0 && (
        <Section title={t('entryAttachments')}>
          <ul>
            {attachments.map((one) => (
              <li key={one.name}>
                <Attachment name={one.name} address={one.url} />
              </li>
            ))}
          </ul>
        </Section>
      )}
    </div>
  );
}

function Section({ title, children }: { title: string; children: ComponentChildren }): JSX.Element {
  return (
    <section>
      <h4>{title}</h4>
      {children}
    </section>
  );
}

function MaterialView({ material }: { material: Material }): JSX.Element {
  const { t } = useUi();
  const { name, form, copies, note, keypoints = [] } = material;
  const amount = [form, copies !== undefined && copies > 0 ? t('entryCopies', { count: copies }) : undefined]
    .filter((part) => part !== undefined)
    .join(' · ');
  return (
    <li>
      <strong>{name}</strong>
      {amount !== '' && <span class="amount">{amount}</span>}
      {note !== undefined && <p>{note}</p>}
      {keypoints.length > 0 && (
        <div class="keypoints">
          <p>{t('entryKeypoints')}</p>
          <ul>
            {keypoints.map((point) => (
              <li key={point}>{point}</li>
            ))}
          </ul>
        </div>
      )}
    </li>
  );
}

function Attachment({ name, address }: { name: string; address: string | undefined }): JSX.Element {
  const href = address === undefined ? undefined : safeHref(address);
  return href === undefined ? (
    <>{name}</>
  ) : (
    <a href={href} {...away}>
      {name}
    </a>
  );
}

function Away({ address, label }: { address: string | undefined; label: string }): JSX.Element | null {
  const href = address === undefined ? undefined : safeHref(address);
  if (href === undefined) return null;
  return (
    <a class="link-button" href={href} {...away}>
      {label}
    </a>
  );
}

function timeLimit({ time_limit_days: days }: Entry, t: Translate): string | undefined {
  if (days === undefined) return undefined;
  return days === 0 ? t('entryOnTheSpot') : t('entryWorkingDays', { count: days });
}

function period({ apply_from, apply_until }: Entry, t: Translate, locale: Locale): string | undefined {
  const from = apply_from === undefined ? undefined : longDate(apply_from, locale);
  const until = apply_until === undefined ? undefined : longDate(apply_until, locale);
  if (from !== undefined && until !== undefined) return t('entryPeriod', { from, until });
  if (from !== undefined) return t('entryFrom', { from });
  return until === undefined ? undefined : t('entryUntil', { until });
}

const comparisons: Record<PolicyCondition['op'], TextKey> = {
  eq: 'opEq',
  ne: 'opNe',
  ge: 'opGe',
  gt: 'opGt',
  le: 'opLe',
  lt: 'opLt',
  in: 'opIn',
};

/** A policy's condition as a person would say it. */
export function comparison({ field, op, value }: PolicyCondition, t: Translate): string {
  const values = Array.isArray(value) ? value : [value];
  const said = values.map((one) => (typeof one === 'boolean' ? t(one ? 'yes' : 'no') : String(one)));
  return t(comparisons[op], { field, value: said.join(t('listSeparator')) });
}
