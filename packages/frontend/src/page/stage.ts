/** Whether the page is shown to a room: `?stage` enlarges it and opens the details. */
export const isStage = new URLSearchParams(location.search).has('stage')

const key = 'connection-details'

/** Whether the details of the connection were open in this tab, over a reload. A browser may refuse to store it. */
export const remembered = {
  get: (): string | null => {
    try {
      return sessionStorage.getItem(key)
    } catch {
      return null
    }
  },
  set: (state: 'open' | 'closed'): void => {
    try {
      sessionStorage.setItem(key, state)
    } catch {}
  },
}
