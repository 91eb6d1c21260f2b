/** How figures and words of a search are put before people. Pure, so that tables can test it. */
import type { Texts } from '../locales/zh';
import type { Explained, FeatureValue, Looked, Row, Run, SearchOutcome, SetQuestion, Thresholds } from './wire';

/** A whole percentage; what is not quite certain never reads 100 %, what is not quite nothing never 0 %. */
export function percent(share: number): string {
  if (share > 0 && share < 0.005) return '<1%';
  if (share < 1 && share >= 0.995) return '>99%';
  return `${Math.round(share * 100)}%`;
}

export type Level = 'answer' | 'clarify' | 'none';

/** What a hit of this confidence is good for, by the thresholds alone. */
export function levelOf(confidence: number, { answer_at, clarify_at }: Thresholds): Level {
  if (confidence >= answer_at) return 'answer';
  return confidence >= clarify_at ? 'clarify' : 'none';
}

export function outcomeText(outcome: SearchOutcome | undefined, intent: string | undefined, t: Texts): string {
  if (intent !== undefined) {
    const intents: Record<string, string> = t.search.intents;
    return t.search.aside(intents[intent] ?? intent);
  }
  return outcome === undefined ? t.search.outcomes.plain : t.search.outcomes[outcome];
}

/** Why the outcome is not simply that of the first hit's confidence. */
export function outcomeReason({ outcome, intent, hits, thresholds }: Looked, t: Texts): string {
  if (intent !== undefined) return t.search.reasons.aside;
  const first = hits[0];
  if (!first) return t.search.reasons.nothing;
  const sure = percent(first.confidence);
  const level = levelOf(first.confidence, thresholds);
  if (outcome === 'no_answer') return t.search.reasons.below(sure, percent(thresholds.clarify_at));
  if (outcome === 'clarify') {
    return level === 'answer' ? t.search.reasons.close : t.search.reasons.between(sure, percent(thresholds.answer_at));
  }
  return t.search.reasons.sure(sure, percent(thresholds.answer_at));
}

/** The heaviest first; those that changed nothing come last, by their value. */
export function byContribution(features: readonly FeatureValue[]): FeatureValue[] {
  return [...features].sort(
    (a, b) => Math.abs(b.contribution) - Math.abs(a.contribution) || Math.abs(b.value) - Math.abs(a.value),
  );
}

/** A feature's plain name and what it says; one of a newer server is shown under its own name. */
export function featureText(name: string, t: Texts): { name: string; hint: string } {
  const known: Record<string, { name: string; hint: string } | undefined> = t.search.features;
  return known[name] ?? { name, hint: '' };
}

/** A number short enough for a table and never "-0.000". */
export function figure(value: number): string {
  const text = value.toFixed(3);
  return /^-0\.0+$/.test(text) ? text.slice(1) : text;
}

/** A width for a bar, so that the widest fills it. */
export function width(value: number, widest: number): string {
  return `${widest > 0 ? Math.max(0, Math.min(100, (value / widest) * 100)) : 0}%`;
}

export function bestUnit(hit: Explained): string {
  return hit.unit === hit.title ? '' : hit.unit;
}

/** Questions as the lines that people edit. */
export function printLines(questions: readonly SetQuestion[]): string {
  return questions
    .map(({ text, expected, unanswerable }) => {
      const right = unanswerable ? '-' : expected.join(' ');
      return right === '' ? text : `${text} | ${right}`;
    })
    .join('\n');
}

/** How many lines are questions, for the count below the box; the server reads them. */
export function countLines(lines: string): number {
  return lines.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('#')).length;
}

/** `57/60`, or a dash where nobody has said what is right. */
export function rightOf({ totals }: Run): string {
  const judged = totals.right + totals.wrong;
  return judged === 0 ? '—' : `${totals.right}/${judged}`;
}

/** What two runs may differ in. */
export type Difference = 'knowledge' | 'weights' | 'analyzer' | 'embedding' | 'thresholds' | 'region';

/** What differs between the versions of two runs. */
export function differences(before: Run, after: Run): Difference[] {
  const differ: Difference[] = [];
  if (before.version.knowledge !== after.version.knowledge) differ.push('knowledge');
  if (before.version.weights !== after.version.weights) differ.push('weights');
  if (before.version.analyzer !== after.version.analyzer) differ.push('analyzer');
  if (before.version.embedding !== after.version.embedding) differ.push('embedding');
  const { thresholds: a } = before;
  const { thresholds: b } = after;
  if (a.answer_at !== b.answer_at || a.clarify_at !== b.clarify_at) differ.push('thresholds');
  if (before.region !== after.region) differ.push('region');
  return differ;
}

/** Day and minute, as the reader's own clock shows them. */
export function moment(at: string): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

export type RowFilter = 'all' | 'wrong' | 'no_answer' | 'clarify' | 'unjudged';

export function rowsOf(rows: readonly Row[], filter: RowFilter): Row[] {
  return rows.filter((row) => {
    switch (filter) {
      case 'all':
        return true;
      case 'wrong':
      case 'unjudged':
        return row.verdict === filter;
      case 'no_answer':
      case 'clarify':
        return row.outcome === filter;
    }
  });
}
