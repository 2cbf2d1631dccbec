import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { ContainerRuntimeClient } from 'testcontainers'
import type { Kind } from './settings.ts'

const { sizes, ...names } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../images.json'), 'utf8'),
) as Record<Kind, string> & { sizes: Record<Kind, string> }

/** The images, pinned; docker/compose.yaml has the same. */
export const images: Record<Kind, string> = names
/** What they are to download and on disk, about, in words. */
export const imageSizes: Record<Kind, string> = sizes

/** The Docker daemon that answers, wherever it listens; undefined when none does. The client command is never asked. */
export const dockerDaemon = async (): Promise<ContainerRuntimeClient | undefined> => {
  // Ryuk, which removes containers of a process that has died, is an image too, and may be one that cannot be had:
  // reaper.ts does the same without one.
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true'
  const { getContainerRuntimeClient } = await import('testcontainers')
  return getContainerRuntimeClient().catch(() => undefined)
}

/** Whether the daemon has the image of a kind of database. */
export const hasImage = async (docker: ContainerRuntimeClient, kind: Kind): Promise<boolean> => {
  const { ImageName } = await import('testcontainers')
  return docker.image.exists(ImageName.fromString(images[kind]))
}

/** Pulls the image of a kind of database unless the daemon has it. @throws when it cannot be pulled, saying why */
export const ensureImage = async (
  docker: ContainerRuntimeClient,
  kind: Kind,
  onProgress: (line: string) => void,
): Promise<void> => {
  if (await hasImage(docker, kind)) return
  onProgress(`Pulling the Docker image ${images[kind]}`)
  await pull(docker, kind).catch((error: Error) => {
    throw new Error(`the image ${images[kind]} cannot be pulled: ${error.message.trim()}`)
  })
}

/** Not by testcontainers, which looks at no line of the answer: a full disk is said in one, and all ends well. */
const pull = async (docker: ContainerRuntimeClient, kind: Kind): Promise<void> => {
  const { dockerode } = docker.container
  const answer = await dockerode.pull(images[kind])
  const { promise, resolve, reject } = Promise.withResolvers<{ error?: string }[]>()
  dockerode.modem.followProgress(answer, (error, lines) => (error ? reject(error) : resolve(lines)))
  for (const { error } of await promise) if (error !== undefined) throw new Error(error)
  if (!(await hasImage(docker, kind))) throw new Error('the daemon broke off')
}

/** The label that every container, network and volume of a directory bears. */
export const directoryLabel = 'grand-tour.directory'
/** The label that says on which machine, and as which user of it, a container, network or volume was made. */
export const makerLabel = 'grand-tour.maker'
/**
 * What it says of those that are made here: a daemon may serve several machines and users. The systems of one machine under
 * WSL have its name each, and files of their own.
 */
export const maker = `${process.getuid?.() ?? ''}@${hostname()} ${machineId()}`.trim()
/** The label that says which owner a container or network belongs to. */
export const ownerLabel = 'grand-tour.owner'

/** Starts the process that removes this owner's containers and networks once this process has ended, however it did. */
export const startReaper = (owner: string): void => {
  const { NODE_OPTIONS: _, ...env } = process.env
  const reaper = spawn(process.execPath, [join(import.meta.dirname, 'reaper.ts'), owner], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'], // its standard input ends when this process does
    env,
  })
  reaper.unref()
}

/** What systemd calls this system (machine-id(5)); empty where it does not. */
function machineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim()
  } catch {
    return ''
  }
}
