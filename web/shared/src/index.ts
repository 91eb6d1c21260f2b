/**
 * What the citizen's widget and the helpers' desk have in common. Open `wire.ts` first: it is the contract with the
 * server. `markdown.ts` turns message text into a safe tree (or safe HTML); `socket.ts`, `backoff.ts` and `wake.ts`
 * are the pieces of a connection that survives phones and tunnels; `time.ts`, `size.ts` and `ids.ts` are small helpers.
 */
export type * from './wire';
export * from './markdown';
export * from './html';
export * from './socket';
export * from './backoff';
export * from './wake';
export * from './time';
export * from './ids';
export * from './size';
