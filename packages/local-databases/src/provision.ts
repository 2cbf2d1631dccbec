import { closeSync, mkdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { dockerDaemon, ensureImage } from './docker.ts'
import { givenDatabase } from './given.ts'
import { lockDirectory } from './lock.ts'
import { provisionMysql } from './provision-mysql.ts'
import { provisionScylla } from './provision-scylla.ts'
import { installed, type Kind } from './settings.ts'

export type ProvisionOptions = {
  /** Told, in words, what is about to be done. */
  onProgress?: (line: string) => void
  /** Asked once, before anything is downloaded or installed; without it, the answer is yes. */
  confirm?: (question: string) => Promise<boolean>
}

/** What the provisioning of one kind is given. */
export type Provisioning = {
  folder: string
  onProgress: (line: string) => void
  /** Says what is to come; @throws when the answer is no. */
  announce: (what: string) => Promise<void>
}

const provisionNative = {
  scylla: { provision: provisionScylla, folder: installed.cassandra },
  mysql: { provision: provisionMysql, folder: installed.mysql },
}

/**
 * Makes sure that `lease(kind)` gets a database from now on, without a network: nothing to do where COMPOSE_*_URL is
 * set; the image where a Docker daemon answers; else the programs, under `.local/`. May be run again, interrupted, and
 * run twice at once.
 *
 * @throws when that cannot be done here, with the command that would, or when `confirm` says no
 */
export const provision = async (kind: Kind, options: ProvisionOptions = {}): Promise<void> => {
  const onProgress = options.onProgress ?? (() => {})
  if (givenDatabase(kind, process.env) !== undefined) return
  const docker = await dockerDaemon()
  if (docker !== undefined) {
    try {
      return await ensureImage(docker, kind, onProgress)
    } catch (error) {
      onProgress(`Warning: Docker answers, but ${(error as Error).message}`)
    }
  }
  const { provision, folder } = provisionNative[kind]
  const lock = await untilLocked(`${folder}.lock`, onProgress)
  try {
    await provision({
      folder,
      onProgress,
      announce: async (what) => {
        onProgress(what)
        const isAgreed = (await options.confirm?.(`${what} Go on?`)) ?? true
        if (!isAgreed) throw new Error('Nothing was installed, as you said.')
      },
    })
  } finally {
    closeSync(lock)
  }
}

const untilLocked = async (directory: string, onProgress: (line: string) => void): Promise<number> => {
  mkdirSync(directory, { recursive: true })
  for (let attempt = 0; ; attempt++) {
    const lock = lockDirectory(directory)
    if (lock !== undefined) return lock
    if (attempt === 0) onProgress('Waiting for another installation to end')
    await delay(200)
  }
}
