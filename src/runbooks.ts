import packageJson from '../package.json' with { type: 'json' };

/** The URL of the folder with the runbooks. */
export const RUNBOOKS = `${packageJson.repository}/blob/main/docs/runbooks/`;
