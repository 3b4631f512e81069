import type { CreateOnPush } from '../http/create-on-push.js';
import { AdministrationError } from '../repository/administration-error.js';
import { checkCreateSettings } from '../repository/create-settings.js';
import type { Configuration } from './configuration/configuration.js';

/** What a push that creates a repository makes; false where none does. */
export function createOnPushOf(configuration: Configuration): false | CreateOnPush {
  const { values } = configuration;
  if (!values['create-on-push.enabled']) return false;
  if (values['access.file'] === undefined && values['access.rules'] === undefined) {
    throw configuration.error(
      'create-on-push.enabled',
      'needs {access.file} or {access.rules}, which say who may create what',
    );
  }
  const isChosen = configuration.sourceOf('create-on-push.object-format').from !== 'default';
  const given = {
    defaultBranch: values['create-on-push.default-branch'],
    objectFormat: isChosen ? values['create-on-push.object-format'] : undefined,
    description: values['create-on-push.description'],
    visibility: values['create-on-push.visibility'],
    shared: values['create-on-push.shared'],
    templateDirectory: values['create-on-push.template-directory'],
  };
  try {
    const settings = checkCreateSettings(given);
    return () => settings;
  } catch (error) {
    if (!(error instanceof AdministrationError)) throw error;
    throw configuration.error('create-on-push.enabled', `cannot be used: ${error.message}`);
  }
}
