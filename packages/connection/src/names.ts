import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'

/**
 * Which names lead to which address: every host of a URL list, resolved.
 *
 * A driver that turns names into addresses before it dials can only verify certificates against addresses; with this
 * map the name comes back.
 *
 * @returns address → the hosts of the list that resolve to it
 * @throws the resolver's error of the first host when none of them resolves; one that does is enough
 */
export const hostsByAddress = async (hosts: readonly string[]): Promise<Map<string, string[]>> => {
  const found = new Map<string, string[]>()
  const outcomes = await Promise.allSettled(hosts.map((host) => lookup(host, { all: true })))
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.status === 'rejected') continue
    for (const { address } of outcome.value) {
      found.set(address, [...(found.get(address) ?? []), hosts[index] ?? address])
    }
  }
  const first = outcomes[0]
  if (found.size === 0 && first?.status === 'rejected') throw first.reason
  return found
}

/** Whether a host is written as an address, which cannot be sent as a TLS server name (RFC 6066 section 3). */
export const isAddress = (host: string): boolean => isIP(host) !== 0
