/**
 * What is open lives in the address (`#/c/{conversation}/e/{entry}`): a reload keeps it, and on a phone, where one
 * column shows at a time, the system's back button moves between them. `#/search…` is the page 检索测试.
 */
import { readonly, ref, type DeepReadonly, type Ref } from 'vue';

export interface Route {
  conversation?: string;
  /** The evidence panel is in front. */
  evidence: boolean;
  entry?: string;
  /** The page 检索测试 is open, and what of it. */
  search?: SearchPlace;
}

export type SearchPlace =
  | { at: 'try'; question?: string }
  | { at: 'doubts' }
  | { at: 'sets' }
  | { at: 'set'; id: string }
  | { at: 'run'; number: number }
  | { at: 'compare'; before: number; after: number };

function decode(part: string | undefined): string | undefined {
  if (part === undefined || part === '') return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

function whole(part: string | undefined): number | undefined {
  return part !== undefined && /^\d{1,15}$/.test(part) ? Number(part) : undefined;
}

/** `#/search`, `/search/q/{question}`, `/search/doubts`, `/search/sets[/{id}]`, `/search/runs/{n}[/{n}]` */
function parseSearch([what, one, two]: string[]): SearchPlace {
  const [first, second] = [whole(one), whole(two)];
  const text = decode(one);
  if (what === 'doubts') return { at: 'doubts' };
  if (what === 'sets') return text === undefined ? { at: 'sets' } : { at: 'set', id: text };
  if (what === 'runs' && first !== undefined) {
    return second === undefined ? { at: 'run', number: first } : { at: 'compare', before: first, after: second };
  }
  return what === 'q' && text !== undefined ? { at: 'try', question: text } : { at: 'try' };
}

function printSearch(place: SearchPlace): string {
  switch (place.at) {
    case 'try':
      return place.question === undefined ? '' : `/q/${encodeURIComponent(place.question)}`;
    case 'doubts':
    case 'sets':
      return `/${place.at}`;
    case 'set':
      return `/sets/${encodeURIComponent(place.id)}`;
    case 'run':
      return `/runs/${place.number}`;
    case 'compare':
      return `/runs/${place.before}/${place.after}`;
  }
}

export function parseRoute(hash: string): Route {
  const parts = hash.replace(/^#?\/?/, '').split('/');
  if (parts[0] === 'search') return { evidence: false, search: parseSearch(parts.slice(1)) };
  const conversation = parts[0] === 'c' ? decode(parts[1]) : undefined;
  if (conversation === undefined) return { evidence: false };
  const evidence = parts[2] === 'e';
  const entry = evidence ? decode(parts[3]) : undefined;
  return { conversation, evidence, ...(entry === undefined ? {} : { entry }) };
}

export function printRoute(route: Route): string {
  if (route.search) return `#/search${printSearch(route.search)}`;
  if (route.conversation === undefined) return '#/';
  const base = `#/c/${encodeURIComponent(route.conversation)}`;
  if (!route.evidence) return base;
  return route.entry === undefined ? `${base}/e` : `${base}/e/${encodeURIComponent(route.entry)}`;
}

const current = ref<Route>(parseRoute(window.location.hash));
const follow = (): void => {
  current.value = parseRoute(window.location.hash);
};
// Assigned addresses fire hashchange; going back over pushed ones fires popstate first. Both are idempotent.
window.addEventListener('hashchange', follow);
window.addEventListener('popstate', follow);

export interface Router {
  route: DeepReadonly<Ref<Route>>;
  go: (route: Route) => void;
  /** Like `go`, without a step in the history: for going up, or when what was open is no more. */
  replace: (route: Route) => void;
}

export function useRoute(): Router {
  return {
    route: readonly(current),
    go(route) {
      const hash = printRoute(route);
      if (hash !== window.location.hash) window.history.pushState(null, '', hash);
      follow();
    },
    replace(route) {
      window.history.replaceState(null, '', printRoute(route));
      follow();
    },
  };
}
