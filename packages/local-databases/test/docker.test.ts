import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { images } from '../src/docker.ts'
import { lease, provision } from '../src/index.ts'
import { findMysqlServer } from '../src/mysql-server.ts'
import { freshDirectory, removeDirectories } from './machine.ts'

afterAll(removeDirectories)

const isHere = await findMysqlServer().then(
  () => true,
  () => false,
)
const testNative = isHere ? test : test.skip

// A stub, because whether there is a Docker daemon, and with which images, is not for a test to choose: it answers what
// a daemon without a network answers.
const daemonWithoutNetwork = async () => {
  const asked: string[] = []
  const daemon = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    const answer = (status: number, body: object) => response.writeHead(status).end(JSON.stringify(body))
    if (request.url?.includes('/images/create')) answer(500, { message: 'dial tcp: no such host' })
    else if (request.url?.includes('/images/')) answer(404, { message: 'No such image' })
    else answer(200, {})
  })
  const directory = freshDirectory()
  const socket = join(directory, 'docker.sock')
  await new Promise<void>((listening) => daemon.listen(socket, listening))
  const before = process.env.DOCKER_HOST
  process.env.DOCKER_HOST = `unix://${socket}`
  return {
    directory,
    isPulled: () => asked.some((request) => /^POST .*\/images\/create.*fromImage=mysql/.test(request)),
    [Symbol.dispose]: () => {
      if (before === undefined) delete process.env.DOCKER_HOST
      else process.env.DOCKER_HOST = before
      daemon.close()
    },
  }
}

testNative(
  'a daemon that answers but cannot pull the image is passed over, with a warning that says why',
  async () => {
    using daemon = await daemonWithoutNetwork()
    const said: string[] = []
    const database = await lease('mysql', {
      directory: join(daemon.directory, 'data'),
      onProgress: (line) => said.push(line),
    })
    await database.release()
    expect(database.way).toBe('native')
    expect(daemon.isPulled()).toBe(true)
    const warning = said.find((line) => line.startsWith('Warning'))
    expect(warning).toContain(`the image ${images.mysql} cannot be pulled`)
    expect(warning).toContain('no such host')
  },
)

test('an image is pulled after it was said which, how large, and how much memory it takes', async () => {
  using daemon = await daemonWithoutNetwork()
  const questions: string[] = []
  const confirm = async (question: string) => {
    questions.push(question)
    return false
  }
  await expect(provision('mysql', { confirm })).rejects.toThrow('Nothing was installed, as you said.')
  expect(questions).toEqual([
    expect.stringMatching(/pulls the Docker image mysql:\S+ \(.* MB, .* MB unpacked\)\. .*memory\. Go on\?$/),
  ])
  expect(daemon.isPulled()).toBe(false)
})
