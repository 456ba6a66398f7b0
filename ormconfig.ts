import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { loadSettings } from './src/config/config.js';
import { dataSourceOptions } from './src/database/data-source.js';
import { entities } from './src/entities.js';

const { databaseUrl: url, databasePoolMax: poolMax } = loadSettings();

/** The data source of the `typeorm` command line; the service opens its own from the same options. */
export default new DataSource(dataSourceOptions({ url, poolMax, entities }));
