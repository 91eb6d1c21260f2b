/** Calls back when the network returns or the page is looked at again; returns what ends it. */
export function onWake(callback: () => void): () => void {
  const seen = (): void => {
    if (document.visibilityState === 'visible') callback();
  };
  window.addEventListener('online', callback);
  document.addEventListener('visibilitychange', seen);
  return () => {
    window.removeEventListener('online', callback);
    document.removeEventListener('visibilitychange', seen);
  };
}
