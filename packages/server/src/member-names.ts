import type { Details } from './local-requests.ts'
import type { Logger } from './logger.ts'

/** Members that get a name of their own: in a cloud, addresses come and go for as long as the process runs. */
const mostNames = 64

/**
 * What a member of the database is called where anybody may look: `1`, `2` and so on, in the order in which this
 * process first sees them; its log says which is which. Where everyone may see addresses, that is what they are called.
 */
export const memberNames = (details: Details, log: Logger) => {
  const names = new Map<string, string>()
  return (address: string): string => {
    const known = names.get(address)
    if (known !== undefined) return known
    if (names.size === mostNames) return 'other'
    const name = details === 'everyone' ? address : String(names.size + 1)
    names.set(address, name)
    if (name !== address) log.info({ member: address }, `called member ${name} where addresses are hidden`)
    return name
  }
}
