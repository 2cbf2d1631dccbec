/** How long something may take before it is said. */
const silentMs = 2000
const repeatMs = 10_000

/** To be called with what begins now, in words; with nothing when all is done. */
export type Say = (doing?: string) => void

/**
 * Says what is being waited for, as soon as one thing takes longer than two seconds, and every ten seconds from then.
 * What begins with "Warning:" is said at once, whatever is being waited for.
 */
export const sayWhatTakesLong = (name: string): Say => {
  let timer: NodeJS.Timeout | undefined
  let last: string | undefined
  return (doing) => {
    if (doing?.startsWith('Warning:')) return console.log(`${name}: ${doing}`)
    if (doing === last) return
    last = doing
    clearTimeout(timer)
    if (doing === undefined) return
    const began = performance.now()
    const say = () => {
      const seconds = Math.round((performance.now() - began) / 1000)
      console.log(`${name}: ${doing} … ${seconds} s`)
      timer = setTimeout(say, repeatMs)
    }
    timer = setTimeout(say, silentMs)
  }
}
