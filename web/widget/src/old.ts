/**
 * What older browsers lack of what is used here. DingTalk on Android shows pages with the engine of Chrome 69 (its user
 * agent says so), and many a citizen's phone is no younger.
 */
type Missing = Partial<Pick<typeof globalThis, 'queueMicrotask'>>;

const page = window as unknown as Missing;
page.queueMicrotask ??= (work) => void Promise.resolve().then(work);

const objects = Object as Partial<Pick<ObjectConstructor, 'fromEntries'>>;
objects.fromEntries ??= (entries: Iterable<readonly unknown[]>) => {
  const made: Record<string, unknown> = {};
  for (const [key, value] of entries) made[String(key)] = value;
  return made;
};
