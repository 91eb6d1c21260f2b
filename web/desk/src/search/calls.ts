/** The calls behind the page 检索测试, made with the api's own way of calling. */
import type { Entry } from '@yikouwen/shared/wire';

import type {
  Comparison,
  Doubt,
  DoubtsQuery,
  DoubtsView,
  LookRequest,
  Looked,
  Places,
  QuestionSet,
  Run,
  RunView,
  SetQuestion,
  SetsView,
} from './wire';

export type Call = <T>(method: string, path: string, body?: unknown) => Promise<T>;

const BASE = '/desk/search';

export function searchCalls(call: Call) {
  const part = encodeURIComponent;
  return {
    look: (request: LookRequest) => call<Looked>('POST', BASE, request),
    places: () => call<Places>('GET', `${BASE}/places`),
    /** An entry whatever its status; `entry` gives only what is in force. */
    anyEntry: (id: string) => call<Entry>('GET', `${BASE}/entries/${part(id)}`),
    doubts: ({ state, kind, order }: DoubtsQuery, limit = 200) =>
      call<DoubtsView>('GET', `${BASE}/doubts?state=${state}&kind=${kind}&order=${order}&limit=${limit}`),
    markDoubt: (id: string, done: boolean) => call<Doubt>('POST', `${BASE}/doubts/${part(id)}`, { done }),
    sets: () => call<SetsView>('GET', `${BASE}/sets`),
    set: (id: string) => call<QuestionSet>('GET', `${BASE}/sets/${part(id)}`),
    addSet: (name: string, lines: string) => call<QuestionSet>('POST', `${BASE}/sets`, { name, lines }),
    changeSet: (id: string, name: string, lines: string) =>
      call<QuestionSet>('PUT', `${BASE}/sets/${part(id)}`, { name, lines }),
    removeSet: (id: string) => call<undefined>('DELETE', `${BASE}/sets/${part(id)}`),
    extendSet: (id: string, questions: SetQuestion[]) =>
      call<QuestionSet>('POST', `${BASE}/sets/${part(id)}/questions`, { questions }),
    runs: (set: string) => call<{ runs: Run[]; kept: number }>('GET', `${BASE}/runs?set=${part(set)}`),
    startRun: (set: string) => call<Run>('POST', `${BASE}/runs`, { set }),
    run: (number: number, rows: boolean) => call<RunView>('GET', `${BASE}/runs/${number}?rows=${String(rows)}`),
    stopRun: (number: number) => call<undefined>('POST', `${BASE}/runs/${number}/stop`),
    compareRuns: (before: number, after: number) =>
      call<Comparison>('GET', `${BASE}/compare?before=${before}&after=${after}`),
  };
}
