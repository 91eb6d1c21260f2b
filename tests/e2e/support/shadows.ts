/**
 * Runs in a page before its scripts: a closed shadow root is closed to tests as well, so theirs are opened. It uses nothing
 * from outside, because browsers get its text alone.
 */
export function keepShadowsOpen(): void {
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (init) {
    return attach.call(this, { ...init, mode: 'open' });
  };
}
