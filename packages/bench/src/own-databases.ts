/** The variables that name a database to the stops. */
const variables = ['COMPOSE_MYSQL_URL', 'COMPOSE_SCYLLA_URL', 'COMPOSE_SCYLLA_URLS']

/**
 * Everything here empties the table of words, so it runs on local databases of its own only.
 *
 * @throws when the environment names a database, with the variable
 */
export const refuseGivenDatabases = (environment: NodeJS.ProcessEnv): void => {
  const name = variables.find((each) => environment[each])
  if (name !== undefined) throw new Error(`${name} is set. This empties the table of words: unset it.`)
}
