import { createHash, randomUUID } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type ContainerRuntimeClient,
  GenericContainer,
  type StartedTestContainer,
  StartupCheckStrategy,
  type StartupStatus,
} from 'testcontainers'
import type { MemberCertificates, MemberFiles } from './certificates.ts'
import { hintFor } from './container-hints.ts'
import { directoryLabel, maker, makerLabel, ownerLabel, startReaper } from './docker.ts'
import type { Context, ControlAction, Settings } from './settings.ts'

/**
 * What the containers of one directory share. Whatever a former owner of it left is removed first, and with it the data
 * of temporary directories of this user and machine that are no more.
 */
export const containersOf = async (docker: ContainerRuntimeClient, settings: Settings, context: Context) => {
  const { directory } = settings
  const owner = randomUUID()
  startReaper(owner)
  await removeLeftovers(docker, directory)
  const volumeLabels = { [directoryLabel]: directory, [makerLabel]: maker }
  const labels = { ...volumeLabels, [ownerLabel]: owner }
  const started: StartedTestContainer[] = []
  context.onEnd(async () => {
    await Promise.allSettled(started.map((container) => container.stop({ timeout: 5000, remove: true })))
    await Promise.allSettled(networks.map((network) => network.remove()))
  })
  const { dockerode } = docker.container
  const networks: Awaited<ReturnType<typeof dockerode.createNetwork>>[] = []
  const volumePrefix = `grand-tour-${createHash('sha256').update(directory).digest('hex').slice(0, 12)}`
  return {
    /** A network of the containers' own; gives back its name. */
    network: async (): Promise<string> => {
      const Name = `grand-tour-${owner}`
      networks.push(await dockerode.createNetwork({ Name, Labels: labels }))
      return Name
    },
    /** A volume that outlives the containers, and goes with the directory. */
    volume: async (name: string): Promise<string> => {
      const Name = `${volumePrefix}-${name}`
      await dockerode.createVolume({ Name, Labels: volumeLabels })
      return Name
    },
    removeVolume: async (name: string): Promise<void> => {
      await dockerode
        .getVolume(`${volumePrefix}-${name}`)
        .remove()
        .catch(() => {}) // there is none
    },
    /**
     * Starts a container, and gives back what controls it; it is ready when `isReady` says so.
     * @param certificates of which it has the good one, by {@link certificateIn}
     */
    start: async (
      container: LoopbackContainer,
      isReady: () => Promise<boolean>,
      { expired, ...good }: MemberCertificates,
    ) => {
      const running = await container.withLabels(labels).withWaitStrategy(new Created()).start()
      started.push(running)
      const handle = dockerode.getContainer(running.getId())
      const untilReady = () => untilServes(handle, isReady, context.signal)
      await untilReady()
      return async (action: ControlAction): Promise<void> => {
        if (action === 'expire' || action === 'renew') {
          await running.copyContentToContainer(await certificateIn(action === 'expire' ? expired : good))
          const { State } = await handle.inspect()
          if (!State.Running) return
          await handle.kill({ signal: 'SIGKILL' })
          await handle.wait()
          await handle.start()
          await untilReady()
        } else if (action === 'kill') await handle.kill({ signal: 'SIGKILL' })
        else if (action === 'stop') await handle.stop({ t: 5 })
        else if (action === 'pause') await handle.pause()
        else if (action === 'resume') await handle.unpause()
        else {
          await handle.start()
          await untilReady()
        }
        if (action === 'kill') await handle.wait()
      }
    },
  }
}

/** A certificate and its key as files of a container, where both servers look for them. */
export const certificateIn = async ({ certificate, key }: MemberFiles) => {
  const mode = 0o644 // the server runs as a user of its own
  return [
    { content: await readFile(certificate), target: '/etc/grand-tour/member.pem', mode },
    { content: await readFile(key), target: '/etc/grand-tour/member.key', mode },
  ]
}

/** A container whose ports are reachable from this machine only; testcontainers opens them to the network. */
export class LoopbackContainer extends GenericContainer {
  /**
   * Has one network alone, under a name in it. With testcontainers' own aliases it would be in Docker's default one as well:
   * ScyllaDB's image takes all the addresses that it has for the one to listen at.
   */
  withOnlyNetwork(network: string, name: string): this {
    this.createOpts.NetworkingConfig = { EndpointsConfig: { [network]: { Aliases: [name] } } }
    return this.withNetworkMode(network)
  }

  protected override async beforeContainerCreated(): Promise<void> {
    const bindings = this.hostConfig.PortBindings as Record<string, { HostIp?: string; HostPort: string }[]>
    for (const binding of Object.values(bindings).flat()) binding.HostIp = '127.0.0.1'
  }
}

/** Whether the server serves is asked of the server itself: testcontainers has nothing to wait for. */
class Created extends StartupCheckStrategy {
  override async checkStartupState(): Promise<StartupStatus> {
    return 'SUCCESS'
  }
}

type Handle = ReturnType<ContainerRuntimeClient['container']['dockerode']['getContainer']>

const readySeconds = 180

const untilServes = async (
  handle: Handle,
  isReady: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> => {
  const deadline = performance.now() + readySeconds * 1000
  while (!(await isReady())) {
    signal.throwIfAborted()
    const { State } = await handle.inspect()
    const isLate = performance.now() > deadline
    if (!State.Running || isLate) {
      const log = await lastLinesOf(handle)
      const what = isLate ? `is not ready after ${readySeconds} s` : `ended with exit code ${State.ExitCode}`
      throw new Error(`the container ${what}; the end of its log:\n${log}${hintFor(log)}`)
    }
    await delay(100)
  }
}

/** The end of a container's log. In the API, 8 bytes before each piece say which stream it is of and how long. */
const lastLinesOf = async (handle: Handle): Promise<string> => {
  const log = await handle.logs({ stdout: true, stderr: true, tail: 12 })
  let text = ''
  for (let at = 0; at + 8 <= log.length; at += 8 + log.readUInt32BE(at + 4)) {
    text += log.toString('utf8', at + 8, at + 8 + log.readUInt32BE(at + 4))
  }
  return text.trim()
}

const removeLeftovers = async (docker: ContainerRuntimeClient, directory: string): Promise<void> => {
  const { dockerode } = docker.container
  const isOwn = (labels: Labels): boolean => labels?.[directoryLabel] === directory
  // Seen from here, what another machine has, or another user, may look like what is no more.
  const isLeft = async (labels: Labels): Promise<boolean> =>
    labels?.[makerLabel] === maker && !isOwn(labels) && (await isGone(labels[directoryLabel] ?? ''))
  const removeIfOver = async (labels: Labels, remove: () => Promise<unknown>): Promise<void> => {
    if (isOwn(labels)) await remove().catch(unlessGone)
    // Another owner may be removing it, or have removed it by now.
    else if (await isLeft(labels)) await remove().catch(() => {})
  }
  const containers = await dockerode.listContainers({ all: true, filters: { label: [directoryLabel] } })
  for (const { Id, Labels, State } of containers) {
    if (isOwn(Labels) || State !== 'running')
      await removeIfOver(Labels, () => dockerode.getContainer(Id).remove({ force: true, v: true }))
  }
  const networks = await dockerode.listNetworks({ filters: { label: [directoryLabel] } })
  for (const { Id, Labels } of networks) await removeIfOver(Labels, () => dockerode.getNetwork(Id).remove())
  const { Volumes } = await dockerode.listVolumes({ filters: { label: [directoryLabel] } })
  for (const { Name, Labels } of Volumes)
    if (!isOwn(Labels)) await removeIfOver(Labels, () => dockerode.getVolume(Name).remove())
}

type Labels = Record<string, string> | undefined

/** There is none any more, or it is being removed. */
const unlessGone = (error: { statusCode?: number }) => {
  if (error.statusCode !== 404 && error.statusCode !== 409) throw error
}

/**
 * Whether it is certain that the directory is no more: one that may not be looked at is there, and others than temporary
 * ones may be of a disk that is not mounted now.
 */
const isGone = async (directory: string): Promise<boolean> =>
  directory.startsWith(`${tmpdir()}/`) &&
  (await stat(directory).then(
    () => false,
    ({ code }: NodeJS.ErrnoException) => code === 'ENOENT',
  ))
