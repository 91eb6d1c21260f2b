/** A fingerprint of a page's structure that is equal on both sides as long as no change was lost. */

/** The part of rrweb's mirror that is needed: the number of a node, negative for nodes that have none. */
export interface Ids {
  getId: (node: Node) => number;
}

export interface Skeleton {
  nodes: number;
  /** FNV-1a, unsigned 32 bits. */
  hash: number;
}

/** Every element that has a number, in document order, open shadow roots before children, with its parent's number. */
export function skeleton(document: Document, ids: Ids): Skeleton {
  let hash = 0x811c9dc5;
  let nodes = 0;
  const mix = (text: string): void => {
    for (let at = 0; at < text.length; at += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    }
  };
  const walk = (parent: Node, parentId: number): void => {
    for (let child = parent.firstChild; child; child = child.nextSibling) {
      if (child.nodeType !== 1) continue;
      const id = ids.getId(child);
      if (id <= 0) continue;
      const element = child as Element;
      // The player draws a script as a noscript: only names that both sides keep are part of it.
      const tag = element.localName === 'script' ? 'noscript' : element.localName;
      mix(`${id}:${tag}:${parentId};`);
      nodes += 1;
      if (element.shadowRoot) walk(element.shadowRoot, id);
      walk(element, id);
    }
  };
  walk(document, 0);
  return { nodes, hash: hash >>> 0 };
}
