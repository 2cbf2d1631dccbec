import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:tls'
import type { certificatesFor } from 'local-databases/certificates'

/** What is answered in a member's place to a statement whose text matches. */
type Answer = {
  to: RegExp
  /** CQL error code: native_protocol_v4.spec, section 9. */
  code: number
  message: string
  /** What follows the message for this code. */
  more?: Buffer
}

type Options = {
  /** The real member. */
  member: { host: string; port: number }
  /** Of the member's authority. */
  ca: string
  /** What the front shows instead of the member's own certificate. */
  certificates: Awaited<ReturnType<typeof certificatesFor>>
  /** Clients have to show a certificate of the same authority. */
  isClientAsked?: boolean
  answers?: readonly Answer[]
}

const opcode = { error: 0x00, query: 0x07, result: 0x08, prepare: 0x09, execute: 0x0a }
const headerBytes = 9

/**
 * A stub before a real member, for what the local databases cannot be made to do: it shows a certificate of the test's
 * choosing, and answers single statements in the member's place, as ScyllaDB is documented to; all else passes.
 */
export const frontOf = async ({ member, ca, certificates, isClientAsked = false, answers = [] }: Options) => {
  const [files] = certificates.members
  const [cert, key] = await Promise.all([readFile(files?.certificate ?? ''), readFile(files?.key ?? '')])
  const sockets = new Set<Socket>()
  const asked = isClientAsked && { requestCert: true, ca: await readFile(certificates.authority) }
  const server = createServer({ cert, key, ...asked }, (client) => {
    const upstream = connect({ ...member, ca })
    for (const [socket, other] of [[client, upstream] as const, [upstream, client] as const]) {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => other.destroy())
    }
    const prepared = preparedStatements(answers)
    eachFrame(client, (frame) => {
      const answer = prepared.answerTo(frame)
      if (answer === undefined) upstream.write(frame)
      else client.write(errorFrame(frame, answer))
    })
    eachFrame(upstream, (frame) => {
      prepared.learn(frame)
      client.write(frame)
    })
  })
  server.on('tlsClientError', () => {})
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** Which answer a frame is to get: by its text, or by the id that its statement was prepared under. */
const preparedStatements = (answers: readonly Answer[]) => {
  const asked = new Map<number, Answer>()
  const byId = new Map<string, Answer>()
  return {
    answerTo: (frame: Buffer): Answer | undefined => {
      const kind = frame[4]
      if (kind === opcode.execute) {
        const length = frame.readUInt16BE(headerBytes)
        return byId.get(frame.toString('hex', headerBytes + 2, headerBytes + 2 + length))
      }
      if (kind !== opcode.query && kind !== opcode.prepare) return undefined
      const answer = answers.find(({ to }) => to.test(frame.toString('utf8', headerBytes)))
      if (kind === opcode.query || answer === undefined) return answer
      asked.set(frame.readUInt16BE(2), answer) // the member prepares it, and is never asked to execute it
      return undefined
    },
    learn: (frame: Buffer) => {
      const answer = asked.get(frame.readUInt16BE(2))
      if (answer === undefined || frame[4] !== opcode.result) return
      asked.delete(frame.readUInt16BE(2))
      const idAt = headerBytes + 4 + 2 // after the kind of result and the length of the id
      byId.set(frame.toString('hex', idAt, idAt + frame.readUInt16BE(idAt - 2)), answer)
    },
  }
}

/** Cuts a stream into frames: version, flags, stream (2 bytes), opcode, length (4 bytes), body. */
const eachFrame = (socket: Socket, take: (frame: Buffer) => void) => {
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (data: Buffer) => {
    rest = Buffer.concat([rest, data])
    for (;;) {
      const end = rest.length < headerBytes ? Number.POSITIVE_INFINITY : headerBytes + rest.readUInt32BE(5)
      if (rest.length < end) return
      take(rest.subarray(0, end))
      rest = rest.subarray(end)
    }
  })
}

const errorFrame = (request: Buffer, { code, message, more = Buffer.alloc(0) }: Answer): Buffer => {
  const text = Buffer.from(message)
  const body = Buffer.alloc(6)
  body.writeInt32BE(code, 0)
  body.writeUInt16BE(text.length, 4)
  const header = Buffer.from(request.subarray(0, headerBytes))
  header.writeUInt8((header[0] ?? 0) | 0x80, 0)
  header.writeUInt8(0, 1)
  header.writeUInt8(opcode.error, 4)
  header.writeUInt32BE(body.length + text.length + more.length, 5)
  return Buffer.concat([header, body, text, more])
}
