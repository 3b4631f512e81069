/** A git that the server runs, and that can be told to fail. What it is not told about, the real one does. */
import { writeFileSync } from 'node:fs';

export interface ScriptedGit {
  /** For `gitCommand`. */
  readonly command: string;
  /** Lines of shell that run before the real git; the arguments are in `"$@"`. Replaces what it was told before. */
  tell(...lines: readonly string[]): void;
}

/** The script may stand on the server's PATH as `git`: it must not find itself. */
const realPath = `PATH='${process.env['PATH'] ?? ''}'`;

export function makeScriptedGit(path: string): ScriptedGit {
  const tell = (...lines: readonly string[]): void =>
    writeFileSync(path, `${['#!/bin/sh', realPath, ...lines, 'exec git "$@"'].join('\n')}\n`, {
      mode: 0o755,
    });
  tell();
  return { command: path, tell };
}

/** For the git that advertises refs, whichever service. */
export const onDiscovery = '--http-backend-info-refs';
/** For the git that answers a POST, but for archives. */
export const onRpc = '--stateless-rpc';

/** Runs `lines` only where git is given the argument. */
export function when(argument: string, ...lines: readonly string[]): string {
  return `case " $* " in *' ${argument} '*)\n${lines.join('\n')}\n;; esac`;
}

/** What git says when something is wrong with the server: nothing that a client should read. */
export const dies = "echo 'fatal: /srv/private/app.git is broken' >&2; exit 128";

/** The real answer up to so many bytes, then death by a signal, as by the system when memory is short. */
export const killedAfter = (bytes: number): string => `git "$@" | head -c ${bytes}; kill -KILL $$`;

/** The real answer up to so many bytes, then an ordinary exit, as if nothing were wrong. */
export const stopsAfter = (bytes: number): string => `git "$@" | head -c ${bytes}; exit 0`;
