import { readFileSync } from 'node:fs'
import mysql from 'mysql2/promise'

const { COMPOSE_MYSQL_URL = '', PATH_TO_MYSQL_CERT } = process.env
// An error of `new URL` would show the password.
if (!URL.canParse(COMPOSE_MYSQL_URL)) throw new Error('COMPOSE_MYSQL_URL is no URL: percent-encode it')
const { hostname, port, username, password, pathname } = new URL(COMPOSE_MYSQL_URL)
if (/^\[|^[\d.]+$/.test(hostname))
  throw new Error('Name the host: the driver verifies addresses as "localhost"')
const pool = mysql.createPool({
  host: hostname,
  port: Number(port || 3306),
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
// The driver has no deadline for a statement that is never answered; a service needs one for each.
const deadline = setTimeout(() => Promise.reject(new Error('no answer within 10 s')), 10_000)
try {
  await pool.query('CREATE DATABASE IF NOT EXISTS grand_tour CHARACTER SET utf8mb4')
  await pool.query(`CREATE TABLE IF NOT EXISTS grand_tour.words (id serial PRIMARY KEY,
    word varchar(256) NOT NULL, definition varchar(256) NOT NULL) CHARACTER SET utf8mb4`)

  const row = ['pool', 'connections, kept open']
  await pool.execute('INSERT INTO grand_tour.words (word, definition) VALUES (?, ?)', row)
  const [words] = await pool.execute('SELECT word, definition FROM grand_tour.words LIMIT 10')
  console.table(words)
} finally {
  clearTimeout(deadline)
  await pool.end()
}
