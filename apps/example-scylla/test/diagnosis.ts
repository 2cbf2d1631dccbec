import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { runDiagnose, until } from 'conformance'
import { ConnectionReport } from 'contract'
import { faultProxy } from 'local-databases'

type Subject = {
  /** Leads to every member. */
  good: Record<string, string>
  /** Leads to one member, and knows no map to the others. */
  to: (at: { host: string; port: number }) => Record<string, string>
  member: { host: string; port: number }
  /** What the README shows, by the fault. */
  faults: Record<string, Record<string, string>>
  tables: () => Promise<unknown>
  withoutSchema: () => Promise<unknown>
  withSchema: () => Promise<unknown>
}

const app = join(import.meta.dirname, '..')

const diagnose = (env: Record<string, string>, ...args: string[]) =>
  runDiagnose('example-scylla', env, ...args)

/** Ports, times and days differ from run to run. */
const withoutNumbers = (text: string) =>
  text
    .replaceAll(/:\d{4,5}\b/g, ':PORT')
    .replaceAll(/[\d.]+ (ms|days)/g, 'N $1')
    .replaceAll(/\d{4}-\d\d-\d\d/g, 'DATE')

/** Declares the tests of the command that people run first. */
export const testDiagnosis = ({
  good,
  to,
  member,
  faults,
  tables,
  withoutSchema,
  withSchema,
}: Subject): void =>
  describe('diagnose', () => {
    test('only reads: where the schema is missing it says that the stop makes it, and ends with 0', async () => {
      await withoutSchema()
      const before = await tables()
      const { code, out, err } = await diagnose(good)
      expect({ code, err }).toEqual({ code: 0, err: '' })
      expect(out).toContain(
        'keyspace grand_tour: it is not there yet.\n      → The stop makes it when it starts',
      )
      expect(out).toContain('- read and write   not tried')
      expect(await tables()).toEqual(before)
      await withSchema()
    })

    test.each(Object.keys(faults))(
      'prints what the README shows for %s, and ends as it says',
      async (name) => {
        const readme = await readFile(join(app, 'README.md'), 'utf8')
        const shown = readme.split(`### ${name}\n`)[1]?.split('```text\n')[1]?.split('```')[0] ?? 'nothing'
        // Which member the driver asks first, and then goes on with, it leaves to chance.
        const asShown = async () => {
          const run = await diagnose(faults[name] ?? {})
          return !run.out.includes('says that it is at 127.9.9.1') && run
        }
        const { code, out } = await until('the member that the README shows', asShown, 60_000)
        expect(withoutNumbers(out)).toBe(withoutNumbers(shown))
        expect(code).toBe(out.includes('✗') ? 1 : 0)
        expect(out).not.toMatch(/\p{Cc}\[/u)
      },
    )

    test('--json gives the report alone, and --write writes a row and takes it back', async () => {
      const before = await tables()
      const { code, out } = await diagnose(good, '--json', '--write')
      const report = ConnectionReport.parse(JSON.parse(out))
      expect({ code, state: report.state }).toEqual({ code: 0, state: 'warning' })
      expect(report.steps[1]).toMatchObject({
        state: 'ok',
        found: { rowsRead: 1, rowsWritten: 1, consistency: 'LOCAL_QUORUM' },
      })
      expect(out).not.toContain(new URL(good.COMPOSE_SCYLLA_URL?.split(',')[0] ?? '').password)
      expect(await tables()).toEqual(before)
    })

    test('an environment that cannot be used ends with 2, with every fault, as text and as JSON', async () => {
      const wrong = { COMPOSE_SCYLLA_URL: 'https://tour:s3cret@db:x', COMPOSE_SCYLLA_DATACENTRE: 'dc1' }
      const { code, out, err } = await diagnose(wrong)
      expect({ code, out }).toEqual({ code: 2, out: '' })
      expect(err).toContain('COMPOSE_SCYLLA_URL: the port is not a number from 1 to 65535')
      expect(err).toContain(
        'COMPOSE_SCYLLA_DATACENTRE: is not known. Perhaps COMPOSE_SCYLLA_DATACENTER is meant',
      )
      const json = await diagnose(wrong, '--json')
      expect(ConnectionReport.parse(JSON.parse(json.out))).toMatchObject({
        state: 'failed',
        reason: err.trim(),
      })
      expect(json.code).toBe(2)
    })

    test('never takes longer than 15 s: a server that takes connections and says nothing is given up', async () => {
      const proxy = await faultProxy(member)
      await proxy.set({ mode: 'blackhole' })
      const silent = await diagnose(to(proxy))
      expect(silent.code).toBe(1)
      expect(silent.out).toContain('✗ certificate')
      expect(silent.ms).toBeLessThan(15_000)
      await proxy.close()
    })
  })
