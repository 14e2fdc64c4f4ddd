// The set-up scripts are plain JavaScript, since they run before anything is installed.
interface LockEntry {
  readonly version?: string;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}

declare module '*/setup/find-prometheus.mjs' {
  export function findPrometheus(path?: string): Promise<string>;
}

declare module '*/setup/build-if-stale.mjs' {
  export function buildIfStale(): Promise<void>;
}

declare module '*/setup/check-node.mjs' {
  export function checkNode(version?: string): void;
}

declare module '*/setup/install-dependencies.mjs' {
  export function staleDependency(
    wanted: Readonly<Record<string, LockEntry>>,
    installed: Readonly<Record<string, LockEntry>>,
    platform?: { readonly platform: string; readonly arch: string },
  ): string | undefined;
}

declare module '*/setup/drop-foreign-binaries.mjs' {
  export function dropForeignBinaries(
    modules: string,
    system?: { readonly platform: string; readonly arch: string },
  ): void;
}

declare module '*/setup/watch-registry.mjs' {
  export function watchRegistry(
    signal: AbortSignal,
    times?: { readonly first: number; readonly next: number; readonly answer: number },
  ): Promise<string | undefined>;
}

declare module '*/setup/load-env-file.mjs' {
  export function parseEnvText(text: string, file: string): Record<string, string>;
  export function envFileArgument(args: readonly string[]): string | undefined;
  export function loadEnvFile(
    environment: Record<string, string>,
    path?: string,
  ): { path: string; names: readonly string[]; warnings: readonly string[] } | undefined;
}

declare module '*/scripts/check-commits.mjs' {
  export function findSubjectProblem(subject: string): string | undefined;
}

declare module '*/scripts/check-prose.mjs' {
  export function findUnwantedPhrases(
    text: string,
  ): readonly { readonly line: number; readonly phrase: string; readonly instead: string }[];
}

declare module '*/setup/unpack-packages.mjs' {
  export function unpackPackages(
    folder: string,
    options: { readonly candidates: readonly string[]; readonly isNeeded?: (name: string) => boolean },
  ): Promise<string>;
}
