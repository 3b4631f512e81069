/** The folder and the server of git that the settings describe. */
import { accessSync, constants } from 'node:fs';
import type { GitServerOptions } from '../options.js';
import { DirectoryStore } from '../repository/directory-store.js';
import { createGitServer, type GitServer } from '../server.js';
import { CommandError } from './command-error.js';
import type { Configuration } from './configuration/configuration.js';
import { libraryOptions, usingOptions } from './configuration/library-options.js';
import { repositoriesFolder } from './folder.js';

/** The folder that is served; throws a `CommandError` when it cannot be. */
export function servedFolder({ values }: Configuration): string {
  const folder = repositoriesFolder(values['repositories.root']);
  try {
    accessSync(folder, constants.R_OK | constants.X_OK);
  } catch (error) {
    throw new CommandError(
      2,
      `not allowed to read the folder ${folder}; change its permissions or the user`,
      error,
    );
  }
  return folder;
}

/** Where the repositories are. */
export function servedStore(configuration: Configuration): DirectoryStore {
  return new DirectoryStore({
    root: servedFolder(configuration),
    requireExportOk: configuration.values['repositories.require-export-ok'],
  });
}

/** The server; throws a `ConfigurationError` about the setting that cannot be used. */
export function servedGit(configuration: Configuration, options: GitServerOptions): GitServer {
  return usingOptions(configuration, () => createGitServer({ ...libraryOptions(configuration), ...options }));
}
