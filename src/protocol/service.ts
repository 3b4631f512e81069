/** The services of git's smart protocol, under the names that git gives them. */
export type Service = 'git-upload-pack' | 'git-receive-pack' | 'git-upload-archive';

/** The services that `info/refs?service=` may name; upload-archive is discovered through upload-pack. */
export type AdvertisedService = Exclude<Service, 'git-upload-archive'>;
