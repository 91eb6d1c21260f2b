/** What the server says about searches, doubts, sets and runs; `src/retrieval/trial/` and `knowledge` say what each means. */
import type { EntryKind } from '@yikouwen/shared/wire';

/** What becomes of a question. Absent where it appears: a greeting or thanks. */
export type SearchOutcome = 'answered' | 'clarify' | 'guide' | 'no_answer' | 'handoff' | 'emergency';

export interface FieldScore {
  field: string;
  score: number;
}

export interface TermScore {
  term: string;
  field: string;
  score: number;
}

export interface FeatureValue {
  name: string;
  value: number;
  weight: number;
  contribution: number;
}

export interface Explained {
  id: string;
  kind: EntryKind;
  title: string;
  region?: string;
  unit: string;
  confidence: number;
  score: number;
  model: string;
  fields: FieldScore[];
  terms: TermScore[];
  features: FeatureValue[];
  matched: string[];
  missing: string[];
}

export interface Version {
  knowledge: number;
  weights: string;
  analyzer: string;
  /** The model by which entries were looked for by meaning; absent: by words alone. */
  embedding?: string;
}

export interface Thresholds {
  answer_at: number;
  clarify_at: number;
}

export interface Sought {
  id: string;
  title?: string;
  place?: number;
  reasons: string[];
  hit?: Explained;
}

export interface Looked {
  read_as: string;
  outcome?: SearchOutcome;
  intent?: string;
  thresholds: Thresholds;
  version: Version;
  milliseconds: number;
  hits: Explained[];
  sought?: Sought;
}

export interface LookRequest {
  question: string;
  region?: string;
  audience?: string;
  on?: string;
  limit?: number;
  entry?: string;
}

export interface Places {
  regions: { code: string; name: string }[];
  region?: string;
  today: string;
  thresholds: Thresholds;
  version: Version;
  entries: number;
}

export type DoubtKind = 'no_answer' | 'none_of_these' | 'unavailable' | 'useless' | 'clarified' | 'unsure';

export interface Doubt {
  id: string;
  question: string;
  kind: DoubtKind;
  count: number;
  first_at: string;
  last_at: string;
  nearest?: string;
  nearest_title?: string;
  confidence?: number;
  conversation: string;
  region?: string;
  done?: { by: string; at: string };
}

export interface DoubtsView {
  doubts: Doubt[];
  total: number;
  open: number;
}

export interface DoubtsQuery {
  state: 'open' | 'done' | 'all';
  kind: '' | 'unanswered' | 'unsure';
  order: 'newest' | 'often';
}

export interface SetQuestion {
  text: string;
  expected: string[];
  unanswerable: boolean;
}

export interface QuestionSet {
  id: string;
  name: string;
  questions: SetQuestion[];
  by: string;
  created_at: string;
  changed_at: string;
}

export interface SetSummary {
  id: string;
  name: string;
  questions: number;
  judged: number;
  changed_at: string;
  last_run?: Run;
}

export interface SetsView {
  sets: SetSummary[];
  max_sets: number;
  max_questions: number;
  max_chars: number;
  kept_runs: number;
}

export interface Totals {
  answered: number;
  clarify: number;
  no_answer: number;
  aside: number;
  right: number;
  wrong: number;
  in_three: number;
  with_expected: number;
  mean_confidence: number;
}

export interface Run {
  number: number;
  set: string;
  set_name: string;
  by: string;
  begun_at: string;
  ended_at?: string;
  state: 'running' | 'finished' | 'stopped' | 'failed';
  version: Version;
  mixed: boolean;
  region?: string;
  thresholds: Thresholds;
  total: number;
  done: number;
  totals: Totals;
}

export type Verdict = 'right' | 'wrong' | 'unjudged';

export interface Row extends SetQuestion {
  outcome?: SearchOutcome;
  intent?: string;
  hits: { id: string; title: string; confidence: number }[];
  verdict: Verdict;
}

export interface RunView {
  run: Run;
  rows?: Row[];
}

export type RunChange = 'worse' | 'better' | 'first' | 'outcome' | 'confidence' | 'same';

export interface Comparison {
  before: Run;
  after: Run;
  worse: number;
  better: number;
  first_changed: number;
  outcome_changed: number;
  confidence_moved: number;
  common: number;
  right: [number, number];
  only_before: number;
  only_after: number;
  rows: { change: RunChange; before: Row; after: Row }[];
}
