/** The services of git's smart protocol, under the names that git gives them. */
export type Service = 'git-upload-pack' | 'git-receive-pack' | 'git-upload-archive';

/** The git command behind a service, such as `upload-pack`. */
export function commandOf(service: Service): string {
  return service.slice('git-'.length);
}

/** The services that `info/refs?service=` may name; upload-archive is discovered through upload-pack. */
export type AdvertisedService = Exclude<Service, 'git-upload-archive'>;
