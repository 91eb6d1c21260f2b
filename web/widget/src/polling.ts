import type { ClientFrame, DurableFrame, ErrorCode, Problem, ServerFrame } from '@yikouwen/shared/wire';

import type { Carrier, CarrierHooks } from './carrier';
import { rest, within } from './deadline';

const WAIT_SECONDS = 25;
/** The server answers within its wait; what takes much longer than that is a dead line. */
const GIVE_UP = (WAIT_SECONDS + 15) * 1000;
/** The least time an empty answer stands for, for servers and caches that answer without waiting. */
const BREATH = 1_000;

/** Long polling, for networks that let no socket through. Ends on the first failure, or when its term is over. */
export function carryByPolling(hooks: CarrierHooks & { until: number }): Carrier {
  const ending = new AbortController();
  const address = new URL('events', hooks.base);
  let { token } = hooks;
  let renewed = false;
  // The first answer is wanted at once: it brings the welcome and what was missed.
  let wait = 0;

  const renewOnce = async (): Promise<boolean> => {
    if (renewed) return false;
    renewed = true;
    token = await hooks.renew();
    return true;
  };

  /** One question; false ends the term. */
  const poll = async (signal: AbortSignal): Promise<boolean> => {
    const url = new URL(address);
    const { conversation, after } = hooks.cursor();
    if (conversation !== null) url.searchParams.set('conversation', conversation);
    url.searchParams.set('after', String(after));
    url.searchParams.set('wait', String(wait));
    const asked = Date.now();
    const response = await hooks.fetch(url, {
      cache: 'no-store',
      credentials: 'omit',
      headers: { Authorization: `Bearer ${token}` },
      signal,
    });
    if (response.status === 401) return renewOnce();
    if (!response.ok) return false;
    const { frames } = (await response.json()) as { frames: ServerFrame[] };
    if (ending.signal.aborted) return false;
    for (const frame of frames) hooks.onFrame(frame);
    if (wait === 0 && !frames.some((frame) => frame.t === 'welcome')) hooks.onUp();
    if (wait > 0 && frames.length === 0) await rest(BREATH - (Date.now() - asked), ending.signal);
    wait = WAIT_SECONDS;
    return true;
  };

  const run = async (): Promise<void> => {
    try {
      while (!ending.signal.aborted && Date.now() < hooks.until && (await within(GIVE_UP, ending.signal, poll)));
    } catch {
      // A failed request ends the term like a closed socket does.
    }
    ending.abort();
    hooks.onEnd();
  };

  const post = async (frame: ClientFrame, signal: AbortSignal): Promise<void> => {
    const response = await hooks.fetch(address, {
      method: 'POST',
      credentials: 'omit',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(frame),
      signal,
    });
    if (response.status === 401 && (await renewOnce())) return post(frame, signal);
    if (!response.ok) {
      hooks.onFrame(await refusal(frame, response));
      return;
    }
    const reply = (await response.json().catch(() => undefined)) as ServerFrame | undefined;
    if (reply && 't' in reply) hooks.onFrame(reply);
  };

  void run();
  return {
    // An unanswered request is repeated by the outbox, so its failure needs no handling of its own.
    send: (frame) => {
      void within(15_000, ending.signal, (signal) => post(frame, signal)).catch(() => undefined);
      return true;
    },
    probe: () => undefined,
    close: () => ending.abort(),
  };
}

/** A refused request as the error frame that the socket would have brought. */
async function refusal(frame: ClientFrame, response: Response): Promise<ServerFrame> {
  const problem = (await response.json().catch(() => ({}))) as Problem;
  const retry = Number(response.headers.get('Retry-After') ?? problem.retry_after ?? Number.NaN);
  const { id } = frame as Partial<DurableFrame>;
  return {
    t: 'error',
    code: (problem.code ?? (response.status >= 500 ? 'unavailable' : 'bad_frame')) as ErrorCode,
    ...(id === undefined ? {} : { id }),
    ...(Number.isFinite(retry) ? { retry_after: retry } : {}),
  };
}
