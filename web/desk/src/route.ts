/**
 * What is open lives in the address (`#/c/{conversation}/e/{entry}`): a reload keeps it, and on a phone, where one
 * column shows at a time, the system's back button moves between them.
 */
import { readonly, ref, type DeepReadonly, type Ref } from 'vue';

export interface Route {
  conversation?: string;
  /** The evidence panel is in front. */
  evidence: boolean;
  entry?: string;
}

function decode(part: string | undefined): string | undefined {
  if (part === undefined || part === '') return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

export function parseRoute(hash: string): Route {
  const parts = hash.replace(/^#?\/?/, '').split('/');
  const conversation = parts[0] === 'c' ? decode(parts[1]) : undefined;
  if (conversation === undefined) return { evidence: false };
  const evidence = parts[2] === 'e';
  const entry = evidence ? decode(parts[3]) : undefined;
  return { conversation, evidence, ...(entry === undefined ? {} : { entry }) };
}

export function printRoute(route: Route): string {
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
