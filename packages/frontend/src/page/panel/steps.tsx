import type { ConnectionReport, Fault, Step } from 'contract'
import { inMs, tlsInWords } from '../in-words.ts'
import { Sign, shapeOf } from '../sign.tsx'
import { pure } from './pure.ts'

/** The six steps of the connection as lines with stations: one line for each server, joined where they are one database. */
export const Steps = pure(({ servers, steps }: Pick<ConnectionReport, 'servers' | 'steps'>) => {
  if (servers.length === 0 && steps.length === 0) return <NoDatabase />
  const faults = faultsOf({ servers, steps })
  return (
    <section class="steps" aria-labelledby="steps-heading">
      <h3 id="steps-heading">The way to the database</h3>
      <div class="lines">
        <div class="servers">
          {servers.map(({ server, steps }, index) => (
            <Line key={server} name={server} steps={steps} above={servers[index - 1]?.steps} />
          ))}
        </div>
        <Line name="The database" steps={steps} isTrunk />
      </div>
      {faults.map(({ where, isWarning, fault: { origin, problem, remedy } }) => (
        <div key={origin + problem} class={isWarning ? 'fault-card warning' : 'fault-card'}>
          <Sign shape={isWarning ? 'warning' : 'bad'} />
          <p>
            <strong>{sentence(problem)}</strong> <span class="remedy">{remedy}</span>
          </p>
          <p class="origin">
            <code>{origin}</code>, at {where}
          </p>
        </div>
      ))}
    </section>
  )
})

const NoDatabase = () => (
  <section class="steps" aria-labelledby="steps-heading">
    <h3 id="steps-heading">No database</h3>
    <p class="note">
      This stop keeps its words in its own memory: nothing to reach, nothing to log in to, and nothing left
      when it ends. The others have six steps here, and whatever can go wrong at each.
    </p>
  </section>
)

type LineProps = {
  name: string
  steps: readonly Step[]
  /** The line above: what it says already is not said again. */
  above?: readonly Step[] | undefined
  isTrunk?: boolean
}

const Line = ({ name, steps, above, isTrunk }: LineProps) => {
  const isWhole = steps.every(({ state }) => state === 'ok' || state === 'warning')
  const said = above?.flatMap(findings) ?? []
  return (
    <div class={`line ${isTrunk ? 'trunk' : 'branch'} ${isWhole ? 'whole' : ''}`}>
      <h4 class={isTrunk ? 'unseen' : ''}>
        <bdi>{name}</bdi>
      </h4>
      <ol>
        {steps.map((step) => (
          <li key={step.step} data-state={step.state}>
            <Sign shape={shapeOf[step.state]} />
            <p class="what">
              <strong>{step.step}</strong> <span class="unseen">{inWords[step.state]}</span>
              {step.ms !== null && <span class="ms">{inMs(step.ms)}</span>}
            </p>
            {findings(step)
              .filter((finding) => !said.includes(finding))
              .map((finding) => (
                <p key={finding} class="finding">
                  {finding}
                </p>
              ))}
          </li>
        ))}
      </ol>
    </div>
  )
}

const inWords: Record<Step['state'], string> = {
  ok: 'ok',
  warning: 'with a warning',
  failed: 'failed',
  waiting: 'under way',
  skipped: 'not tried',
}

/** What a step found, in short; a line each. */
const findings = (step: Step): string[] => {
  if (step.found === null) return step.state === 'skipped' ? ['not tried'] : []
  switch (step.step) {
    case 'name':
      return [step.found.addresses.join(', ')].filter(isSaid)
    case 'port': {
      const { address, port } = step.found
      return [address === '' ? String(port) : `${address}:${port}`]
    }
    case 'certificate': {
      const { protocol, verified } = step.found
      if (protocol === null) return ['not encrypted']
      return [`${tlsInWords(protocol)}, ${verified ? 'verified' : 'not verified'}`]
    }
    case 'login': {
      const { user, plugin, server } = step.found
      return [user ?? '', plugin ?? '', server ?? ''].filter(isSaid)
    }
    case 'schema': {
      const { database, table, created, replication, charset, differences } = step.found
      const copies = Object.entries(replication ?? {})
        .filter(([name]) => name !== 'class')
        .map(([dataCenter, count]) => `${dataCenter}: ${count} copies`)
      const made = created ? 'just made' : ''
      return [`${database}.${table}`, made, ...copies, charset ?? '', ...differences].filter(isSaid)
    }
    case 'read and write': {
      const { rowsRead, rowsWritten, consistency } = step.found
      const rows = [
        rowsRead === null ? 'read' : `${rowsRead} ${rowsRead === 1 ? 'row' : 'rows'} read`,
        rowsWritten === null ? '' : `${rowsWritten} written`,
      ]
      return [rows.filter(isSaid).join(', '), consistency ?? ''].filter(isSaid)
    }
  }
}

const isSaid = (text: string): boolean => text !== ''

type FoundFault = { fault: Fault; where: string; isWarning: boolean }

/** Every fault once, with the step and the servers at which it shows. */
const faultsOf = ({ servers, steps }: Pick<ConnectionReport, 'servers' | 'steps'>): FoundFault[] => {
  const found = new Map<string, FoundFault>()
  const all = [
    ...servers.flatMap(({ server, steps }) => steps.map((step) => ({ server, step }))),
    ...steps.map((step) => ({ server: '', step })),
  ]
  for (const { server, step } of all) {
    for (const fault of step.faults) {
      const key = JSON.stringify(fault)
      const where = [found.get(key)?.where ?? `the step “${step.step}”`, server].filter(isSaid).join(', ')
      found.set(key, { fault, where, isWarning: step.state === 'warning' })
    }
  }
  return [...found.values()]
}

const sentence = (text: string): string => {
  const start = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(start) ? start : `${start}.`
}
