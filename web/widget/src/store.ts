import { initialState, reduce, type Action, type State } from './state';

/** Holds the state and tells who looks at it. */
export class Store {
  state: State = initialState;
  private readonly listeners = new Set<() => void>();

  dispatch(action: Action): void {
    const next = reduce(this.state, action);
    if (next === this.state) return;
    this.state = next;
    for (const listener of this.listeners) listener();
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
