import { globSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { flameGraph } from './flame-graph.ts'
import { frameOf, hottest, partOf, readProfile } from './profile.ts'

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
