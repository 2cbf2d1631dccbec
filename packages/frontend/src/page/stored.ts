/**
 * What this tab stored under a name before it was loaded again, or `nothing`. Of this tab alone: another one would send the
 * same words. A browser may refuse to store anything.
 */
export const readStored = <Value>(name: string, nothing: Value): Value => {
  try {
    return JSON.parse(sessionStorage.getItem(name) ?? 'null') ?? nothing
  } catch {
    return nothing
  }
}

/** Keeps a value in this tab, over a reload. */
export const writeStored = (name: string, value: unknown): void => {
  try {
    sessionStorage.setItem(name, JSON.stringify(value))
  } catch {}
}

/** Has the browser ask before the tab is closed: with it goes what only the tab has. */
export const askBeforeLeaving = (isNeeded: boolean): void => {
  // Only while it is needed: in Firefox a page with this handler is not kept for going back to.
  window.onbeforeunload = isNeeded ? (event) => event.preventDefault() : null
}
