/**
 * Removes an owner's containers and networks once the owner has ended, even by SIGKILL: its end closes the pipe that is
 * this process's standard input. Started by docker.ts with the owner's id.
 */
import { once } from 'node:events'
import { dockerDaemon, ownerLabel } from './docker.ts'

const owner = process.argv[2] ?? ''
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
process.stdin.resume()
await once(process.stdin, 'end')

const docker = await dockerDaemon()
if (docker !== undefined) {
  const { dockerode } = docker.container
  const filters = { label: [`${ownerLabel}=${owner}`] }
  const containers = await dockerode.listContainers({ all: true, filters })
  await Promise.allSettled(
    containers.map(({ Id }) => dockerode.getContainer(Id).remove({ force: true, v: true })),
  )
  const networks = await dockerode.listNetworks({ filters })
  await Promise.allSettled(networks.map(({ Id }) => dockerode.getNetwork(Id).remove()))
}
process.exit(0)
