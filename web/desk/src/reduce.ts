/** The desk's rules about data, without network or screen: what follows from what arrived. */
import type { Earlier, Evidence, Message, QueueItem, Stage, Transcript } from '@yikouwen/shared/wire';

/** Messages in order, each seq once; a later copy wins, since feedback is added to a message afterwards. */
export function mergeMessages(known: readonly Message[], arrived: readonly Message[]): Message[] {
  const bySeq = new Map(known.map((message) => [message.seq, message]));
  for (const message of arrived) bySeq.set(message.seq, message);
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

/** Something between the first and the last message is missing, so the transcript must be fetched again. */
export function hasGap(messages: readonly Message[]): boolean {
  const first = messages[0];
  const last = messages[messages.length - 1];
  if (!first || !last) return false;
  return first.seq !== 1 || last.seq !== messages.length;
}

/** A place in the queue; a message left behind while nobody was there waits in it, too. */
export type Waiting = QueueItem & { left_message?: boolean };

/** Emergencies first, then the order in which the server would serve. */
export function sortQueue(queue: readonly Waiting[]): Waiting[] {
  return [...queue].sort((a, b) => b.priority - a.priority || a.position - b.position);
}

export function isUrgent(item: QueueItem): boolean {
  return item.priority > 0 || item.reason === 'emergency';
}

/** Who joined the queue since the last look. A conversation that rose to an emergency counts as new. */
export function arrivals(before: readonly QueueItem[], now: readonly QueueItem[]): QueueItem[] {
  const known = new Map(before.map((item) => [item.conversation, isUrgent(item)]));
  return now.filter((item) => {
    const urgent = known.get(item.conversation);
    return urgent === undefined || (!urgent && isUrgent(item));
  });
}

/** What still has to be done comes first; within both parts the order stays. */
export function unresolvedFirst(earlier: readonly Earlier[]): Earlier[] {
  const rank = ({ state }: Earlier): number => (state === 'unresolved' ? 0 : 1);
  return [...earlier].sort((a, b) => rank(a) - rank(b));
}

const ACTIVE: readonly Stage[] = ['claimed', 'serving', 'reclaim_grace'];
const WAITING: readonly Stage[] = ['queued', 'left_message'];
const ENDED: readonly Stage[] = ['wrap_up', 'closed'];

export function isActive(stage: Stage): boolean {
  return ACTIVE.includes(stage);
}

/** Anybody at the desk may read and take it; a message left behind out of hours is one of these. */
export function isWaiting(stage: Stage): boolean {
  return WAITING.includes(stage);
}

export function isEnded(stage: Stage): boolean {
  return ENDED.includes(stage);
}

/** Whether this helper may write: the server decides in the end, the composer only follows. */
export function mayReply(talk: Pick<Transcript, 'stage' | 'owner'>, me: string): boolean {
  return isActive(talk.stage) && talk.owner === me;
}

export interface StageChange {
  stage: Stage;
  version: number;
  owner?: string;
}

/** News of a conversation's stage may overtake each other; an older version never undoes a newer one. */
export function applyStage(talk: Transcript, change: StageChange): Transcript {
  if (change.version < talk.version) return talk;
  const next: Transcript = { ...talk, stage: change.stage, version: change.version };
  if (change.owner !== undefined) next.owner = change.owner;
  else if (!isEnded(change.stage)) delete next.owner;
  if (!isWaiting(change.stage)) delete next.position;
  return next;
}

/** A colleague has it now, so what it says is no longer this helper's to read. */
export function isTakenByOther(change: StageChange, me: string): boolean {
  return change.owner !== undefined && change.owner !== me && !isWaiting(change.stage);
}

export interface Stretch {
  kind: 'robot' | 'waiting' | 'human';
  /** The helper who served it. */
  name?: string;
  messages: Message[];
}

/**
 * Cuts a transcript where the citizen's counterpart changes, so that nobody takes the robot's words for a person's.
 * A citizen's words belong to the stretch they were said in; after the robot handed over they are said while waiting.
 */
export function stretches(messages: readonly Message[]): Stretch[] {
  const out: Stretch[] = [];
  let current: Stretch | undefined;
  let handedOver = false;
  const enter = (kind: Stretch['kind'], name?: string): Stretch => {
    if (!current || current.kind !== kind || current.name !== name) {
      current = { kind, messages: [], ...(name === undefined ? {} : { name }) };
      out.push(current);
    }
    return current;
  };
  for (const message of messages) {
    if (message.author === 'helper') {
      enter('human', message.name).messages.push(message);
      handedOver = false;
    } else if (message.author === 'robot') {
      enter('robot').messages.push(message);
      handedOver = message.outcome === 'handoff' || message.outcome === 'emergency';
    } else if (handedOver) {
      enter('waiting').messages.push(message);
    } else {
      (current ?? enter('robot')).messages.push(message);
    }
  }
  return out;
}

export type UsedEntry = Pick<Evidence, 'id' | 'title' | 'kind'> & { confidence?: number; cited: boolean };

/** The entries the robot relied on or looked at, the latest first, each once, with its best confidence. */
export function usedEntries(messages: readonly Message[]): UsedEntry[] {
  const found = new Map<string, UsedEntry>();
  for (const message of [...messages].reverse()) {
    for (const { id, title, kind } of message.citations ?? []) {
      const known = found.get(id);
      found.set(id, known ? { ...known, cited: true } : { id, title, kind, cited: true });
    }
    for (const { id, title, kind, confidence } of message.evidence ?? []) {
      const known = found.get(id) ?? { id, title, kind, cited: false };
      found.set(id, { ...known, confidence: Math.max(known.confidence ?? 0, confidence) });
    }
  }
  return [...found.values()];
}
