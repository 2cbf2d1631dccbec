import { readdirSync, readFileSync } from 'node:fs'

/**
 * Every process that has this text in its environment, such as NAME=VALUE, which whoever it starts inherits; without
 * those that are only waiting to be buried.
 */
export const processesWith = (variable: string): { pid: number; command: string }[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        if (!readFileSync(`/proc/${pid}/environ`, 'utf8').includes(variable)) return []
        return [
          { pid: Number(pid), command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') },
        ]
      } catch {
        return [] // it has just ended
      }
    })
