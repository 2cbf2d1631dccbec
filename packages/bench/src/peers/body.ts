import type { IncomingMessage } from 'node:http'

/** The body of a request as the JSON that it is. */
export const jsonOf = async <Body>(request: IncomingMessage): Promise<Body> => {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let text = ''
  request
    .setEncoding('utf8')
    .on('data', (part) => (text += part))
    .on('end', () => resolve(text))
    .on('error', reject)
  return JSON.parse(await promise)
}
