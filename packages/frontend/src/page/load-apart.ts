/** Style sheets that did not come: Vite asks for each only once (https://github.com/vitejs/vite/issues/3698). */
const failed = new Set<HTMLLinkElement>()
addEventListener(
  'error',
  ({ target }) => {
    const link = target as HTMLLinkElement
    if (link.rel === 'stylesheet') failed.add(link)
  },
  { capture: true }, // the error of an element does not bubble
)

/** Loads what is built apart from the page, and before it the style sheets that did not come. */
export const loadApart = async <Module>(load: () => Promise<Module>): Promise<Module> => {
  await Promise.all([...failed].map(askAgain))
  return load()
}

const askAgain = (link: HTMLLinkElement) =>
  new Promise((resolve, reject) => {
    const again = link.cloneNode() as HTMLLinkElement
    again.onload = resolve
    again.onerror = reject
    link.replaceWith(again)
    failed.delete(link)
  })
