import { readFileSync } from 'node:fs'
import { connect, isIP } from 'node:net'
import mysql from 'mysql2/promise'

const { COMPOSE_MYSQL_URL = '', PATH_TO_MYSQL_CERT } = process.env
const url = URL.parse(COMPOSE_MYSQL_URL) // `new URL` would show the password in its error
if (!url) throw new Error('COMPOSE_MYSQL_URL is not set, or no URL: percent-encode user and password')
const { hostname, port, username, password, pathname } = url
const server = { host: hostname.replace(/[[\]]/g, ''), port: Number(port || 3306) }
const pool = mysql.createPool({
  ...server,
  // The driver verifies an address as "localhost", unless the socket has a host of its own.
  ...(isIP(server.host) && { stream: () => Object.assign(connect(server), { _host: server.host }) }),
  user: decodeURIComponent(username),
  password: decodeURIComponent(password),
  database: pathname.slice(1),
  ssl: {
    ...(PATH_TO_MYSQL_CERT && { ca: readFileSync(PATH_TO_MYSQL_CERT) }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    verifyIdentity: true, // off by default: the certificate of any other server would do
  },
  connectTimeout: 2000, // ms
  maxIdle: 9, // fewer than connectionLimit (10), or idle connections are never closed
  charset: 'UTF8MB4_UNICODE_CI',
})
// The driver's own `timeout` of a statement keeps the connection busy; a service needs a deadline for each.
const deadline = setTimeout(() => Promise.reject(new Error('no answer within 10 s')), 10_000)
try {
  await pool.query('CREATE DATABASE IF NOT EXISTS grand_tour CHARACTER SET utf8mb4')
  await pool.query(`CREATE TABLE IF NOT EXISTS grand_tour.words (id serial PRIMARY KEY,
    word varchar(256) NOT NULL, definition varchar(256) NOT NULL) CHARACTER SET utf8mb4`)

  await pool.execute('INSERT INTO grand_tour.words (word, definition) VALUES (?, ?)', ['pool', 'kept open'])
  const [words] = await pool.execute('SELECT word, definition FROM grand_tour.words LIMIT 10')
  console.table(words)
} finally {
  clearTimeout(deadline)
  await pool.end()
}
