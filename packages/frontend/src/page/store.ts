import { useEffect, useState } from 'preact/hooks'

/** A value that changes, and a way to be told when it does. */
export type Store<State> = {
  readonly state: State
  /** Calls `listener` after each change, until the function it gives back is called. */
  subscribe(listener: () => void): () => void
}

/** A store and the one function that changes it. */
export const createStore = <State>(initial: State): [Store<State>, (next: State) => void] => {
  const listeners = new Set<() => void>()
  let state = initial
  const store: Store<State> = {
    get state() {
      return state
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const set = (next: State): void => {
    state = next
    for (const listener of listeners) listener()
  }
  return [store, set]
}

/** The state of a store, or the part that `select` takes of it, in a component that is drawn again when that changes. */
export function useStore<State>(store: Store<State>): State
export function useStore<State, Part>(store: Store<State>, select: (state: State) => Part): Part
export function useStore<State>(store: Store<State>, select = (state: State): unknown => state): unknown {
  const [part, draw] = useState(() => select(store.state))
  useEffect(() => {
    const drawLatest = () => draw(() => select(store.state))
    drawLatest() // It may have changed between the first drawing and now.
    return store.subscribe(drawLatest)
  }, [store])
  return part
}
