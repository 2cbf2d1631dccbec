import { closeSync, mkdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { dockerDaemon, ensureImage, hasImage, imageSizes, images } from './docker.ts'
import { givenDatabase } from './given.ts'
import { lockDirectory } from './lock.ts'
import { provisionMysql } from './provision-mysql.ts'
import { provisionScylla } from './provision-scylla.ts'
import { installed, type Kind } from './settings.ts'

export type ProvisionOptions = {
  /** Told, in words, what is about to be done; what begins with "Warning:" is to be seen by whoever started it. */
  onProgress?: (line: string) => void
  /** Asked before anything is downloaded or installed; without it, the answer is yes. */
  confirm?: (question: string) => Promise<boolean>
  /** Once aborted, nothing more is begun, and what runs is interrupted and waited for. */
  signal?: AbortSignal
  /** Gets the programs of this machine where Docker answers, too: for tests that look inside a server. */
  isNativeToo?: boolean
}

/** What the provisioning of one kind is given. */
export type Provisioning = {
  folder: string
  signal: AbortSignal
  onProgress: (line: string) => void
  /** Says what is to come; @throws when the answer is no. */
  announce: (what: string) => Promise<void>
}

const provisionNative = {
  scylla: { provision: provisionScylla, folder: installed.cassandra },
  mysql: { provision: provisionMysql, folder: installed.mysql },
}
const dockerPlans = {
  scylla: { title: 'CQL', memory: 'Three members take 3 GB of memory.' },
  mysql: { title: 'MySQL', memory: 'It takes 500 MB of memory.' },
}

/**
 * Makes sure that `lease(kind)` gets a database from now on, without a network: nothing to do where COMPOSE_*_URL is
 * set; the image where a Docker daemon answers; else the programs, under `.local/`. May be run again, interrupted, and
 * run twice at once.
 *
 * @throws when that cannot be done here, with what would, when `confirm` says no, or when aborted
 */
export const provision = async (kind: Kind, options: ProvisionOptions = {}): Promise<void> => {
  const { onProgress = () => {}, signal = new AbortController().signal } = options
  if (givenDatabase(kind, process.env) !== undefined) return
  const announce = async (what: string): Promise<void> => {
    if (options.confirm === undefined) return onProgress(what)
    const isAgreed = await options.confirm(`${what} Go on?`)
    signal.throwIfAborted()
    if (!isAgreed) throw new Error('Nothing was installed, as you said.')
  }
  const whyNot = await whyNotByDocker(kind, { signal, onProgress, announce })
  const isLinux = process.platform === 'linux'
  if (whyNot === undefined && !(isLinux && options.isNativeToo)) return
  if (!isLinux) {
    const remedy = whyNot === noDaemon ? 'Start Docker' : 'Mend that'
    throw new Error(
      `${whyNot}, and on this system the databases run in Docker only. ` +
        `${remedy}, or set COMPOSE_${kind.toUpperCase()}_URL.`,
    )
  }
  const { provision, folder } = provisionNative[kind]
  const lock = await untilLocked(`${folder}.lock`, signal, onProgress)
  try {
    await provision({ folder, signal, onProgress, announce })
  } finally {
    closeSync(lock)
  }
}

const noDaemon = 'No Docker daemon answers'

/** Undefined where a Docker daemon answers and has the image now; else why not. */
const whyNotByDocker = async (
  kind: Kind,
  { signal, onProgress, announce }: Omit<Provisioning, 'folder'>,
): Promise<string | undefined> => {
  const docker = await dockerDaemon()
  if (docker === undefined) return noDaemon
  if (await hasImage(docker, kind)) return undefined
  const { title, memory } = dockerPlans[kind]
  await announce(`For ${title}, this pulls the Docker image ${images[kind]} (${imageSizes[kind]}). ${memory}`)
  signal.throwIfAborted()
  try {
    await untilAborted(ensureImage(docker, kind, onProgress), signal)
    return undefined
  } catch (error) {
    signal.throwIfAborted()
    const why = `Docker answers, but ${(error as Error).message}`
    onProgress(`Warning: ${why}`)
    return why
  }
}

/** What cannot be interrupted is left behind: the daemon goes on pulling, or stops, as it likes. */
const untilAborted = async (work: Promise<void>, signal: AbortSignal): Promise<void> => {
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort)
  await Promise.race([work, aborted.promise]).finally(() => signal.removeEventListener('abort', abort))
}

const untilLocked = async (
  directory: string,
  signal: AbortSignal,
  onProgress: (line: string) => void,
): Promise<number> => {
  mkdirSync(directory, { recursive: true })
  for (let attempt = 0; ; attempt++) {
    const lock = lockDirectory(directory)
    if (lock !== undefined) return lock
    if (attempt === 0) onProgress('Waiting for another installation to end')
    await delay(200, undefined, { signal })
  }
}
