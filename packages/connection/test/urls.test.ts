import { describe, expect, test } from '@jest/globals'
import { serverUrls } from '../src/urls.ts'

const urls = serverUrls({
  schemes: ['https', 'http'],
  defaultPort: 9042,
  options: ['mode'],
  example: 'https://user:password@host:9042',
})
const only = (text: string) => urls.parse(text)[0]
const faultOf = (text: string) =>
  urls
    .safeParse(text)
    .error?.issues.map(({ message }) => message)
    .join('\n')

/** What a `#` that Node.js took for a comment leaves has no @. */
const cutShort = ' (in a .env file, a # that is not quoted ends the value)'

describe('a list of URLs', () => {
  test('has a port for each, decoded credentials, a path and options', () => {
    expect(urls.parse('https://u:p%40ss@one:1/name?mode=x, http://u:p@[::1],https://u:p@10.0.0.1:3')).toEqual(
      [
        {
          scheme: 'https',
          user: 'u',
          password: 'p@ss',
          host: 'one',
          port: 1,
          path: 'name',
          options: new Map([['mode', 'x']]),
        },
        { scheme: 'http', user: 'u', password: 'p', host: '::1', port: 9042, path: '', options: new Map() },
        {
          scheme: 'https',
          user: 'u',
          password: 'p',
          host: '10.0.0.1',
          port: 3,
          path: '',
          options: new Map(),
        },
      ],
    )
  })

  test.each(['p@ss', 'a/b', 'a#b', 'a?b', 'a:b', '100%', '50%zz', 'a,b', 'a b', 'ü😀', '[x]', 'a@b/c?d#e'])(
    'takes the password %s raw and percent-encoded',
    (password) => {
      expect(only(`https://user:${password}@host:1/name`)).toMatchObject({
        user: 'user',
        password,
        host: 'host',
        port: 1,
      })
      expect(only(`https://user:${encodeURIComponent(password)}@host:1/name`)).toMatchObject({
        password,
        host: 'host',
      })
    },
  )

  test('decodes the escapes beside a % that starts none', () => {
    expect(only('https://u:p%40ss%@host')).toMatchObject({ password: 'p@ss%' })
  })

  test('takes a comma in a password for no separator unless a URL follows it', () => {
    expect(
      urls.parse('https://u:a,b@one,https://u:a,b@two').map(({ host, password }) => [host, password]),
    ).toEqual([
      ['one', 'a,b'],
      ['two', 'a,b'],
    ])
  })

  test.each([
    ['host:9042', 'does not start with https:// or http://'],
    ['mysql://u:s3cret@host', 'the scheme mysql:// is not https or http'],
    ['https://host:9042', `names no user and password${cutShort}`],
    ['https://u@host:9042', 'names no user and password'],
    ['https://u:s3cret%40host:9042', `names no user and password${cutShort}`],
    ['https://u:p?s3cret', `names no user and password${cutShort}`],
    ['https://u:s3cret@', 'names no host'],
    ['https://u:s3cret@host:port', `the port is not a number from 1 to 65535${cutShort}`],
    ['https://u:s3cret@host:70000', `the port is not a number from 1 to 65535${cutShort}`],
    ['https://u:s3cret@host?modus=x', 'the parameter "modus" is not known; perhaps mode is meant'],
    ['https://u:s3cret@host?tls=x', `a parameter is not known; known: mode${cutShort}`],
    [
      'ftp://u:s3cret@host:x?modus=x',
      `the scheme ftp:// is not https or http; the port is not a number from 1 to 65535${cutShort}; the parameter "modus" is not known; perhaps mode is meant`,
    ],
  ])('says of %s that it %s, with a good example and without the password', (text, fault) => {
    expect(faultOf(text)).toBe(`${fault}. It looks like https://user:password@host:9042`)
  })

  test.each(['https://u:pa@ss:wo', 'https://u:pa@ss?wo'])(
    'repeats nothing of a password that a # has cut off: %s',
    (text) => {
      expect(faultOf(text)).not.toMatch(/wo\b/)
    },
  )

  test('says which of several URLs is wrong, and of every one', () => {
    const faults = faultOf('https://u:p@one:x,https://u:p@two,http://u@three')
    expect(faults).toContain('URL 1: the port is not')
    expect(faults).toContain('URL 3: names no user and password')
    expect(faults).not.toContain('URL 2')
  })
})
