import type { Socket } from 'node:net'

/** Calls `onLine` for every line of JSON that arrives. */
export const jsonLines = <T>(socket: Socket, onLine: (line: T) => void): void => {
  let rest = ''
  socket.setEncoding('utf8')
  // Not node:readline: it throws the socket's errors again, and an owner or lessee that is killed is not an error here.
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(JSON.parse(line) as T)
  })
}

/** Sends a value as a line of JSON; does nothing once the other side has gone. */
export const sendLine = (socket: Socket, value: object): void => {
  if (socket.writable) socket.write(`${JSON.stringify(value)}\n`)
}
