import type { Suggestion } from '@yikouwen/shared/wire';
import { useEffect, useState } from 'preact/hooks';

import type { Api } from '../api';

const LIMIT = 6;
const PAUSE = 180;

/** What the words so far might become, asked for when the writer pauses; late answers to older words are dropped. */
export function useSuggestions(api: Api, words: string, wanted: boolean): Suggestion[] {
  const [found, setFound] = useState<{ words: string; list: Suggestion[] }>({ words: '', list: [] });
  const asked = words.trim();
  const worth = wanted && asked.length >= 2 && asked.length <= 60 && !asked.includes('\n');
  useEffect(() => {
    if (!worth) return undefined;
    const ending = new AbortController();
    const timer = setTimeout(() => {
      api
        .suggest(asked, LIMIT, ending.signal)
        .then((list) => setFound({ words: asked, list: list.slice(0, LIMIT) }))
        // Suggestions are a courtesy: without them the box works as well.
        .catch(() => undefined);
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      ending.abort();
    };
  }, [api, asked, worth]);
  // Older suggestions stay up while newer are on their way, so that the list does not flicker at every key.
  return worth && found.words !== '' ? found.list.filter((one) => one.text !== asked) : [];
}
