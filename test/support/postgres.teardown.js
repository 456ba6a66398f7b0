/** Stops the run's PostgreSQL and removes its data. */
export default async function stopPostgres() {
  await globalThis.__postgres?.stop();
}
