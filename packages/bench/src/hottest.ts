import { globSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { flameGraph } from './flame-graph.ts'
import { type CallFrame, frameOf, type Profile, partOf, readProfile, selfUs } from './profile.ts'

/** A function or package, and the part of the busy time that was spent in itself, in percent. */
type Hot = { name: string; percent: number }

/**
 * Prints the hottest frames and packages of every server of a work, from the newest profile of each, and draws the flame
 * graph of that: `WORK SERVER.svg`.
 */
export const printHottest = (folder: string, work: string): void => {
  const files = globSync(`${folder}/${work} */*.cpuprofile`).sort(
    (a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs,
  )
  for (const file of new Map(files.map((each) => [dirname(each), each])).values()) {
    const profile = readProfile(file)
    console.log(`\n${file}`)
    for (const nameOf of [frameOf, partOf])
      for (const { name, percent } of hottest(profile, nameOf))
        console.log(`${percent.toFixed(1).padStart(6)}% ${name}`)
    writeFileSync(`${dirname(file)}.svg`, flameGraph(profile, basename(dirname(file))))
  }
}

/** What has the most time of its own, the hottest first. */
const hottest = (profile: Profile, nameOf: (frame: CallFrame) => string, count = 10): Hot[] => {
  const times = new Map<string, number>()
  for (const [{ callFrame }, us] of selfUs(profile)) {
    const name = nameOf(callFrame)
    times.set(name, (times.get(name) ?? 0) + us)
  }
  const all = times.values().reduce((sum, time) => sum + time, 0)
  return [...times]
    .map(([name, time]) => ({ name, percent: (100 * time) / all }))
    .sort((a, b) => b.percent - a.percent)
    .slice(0, count)
}
