// The scripts are plain JavaScript, so that they run before anything is installed; these are their types.

interface LockEntry {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Lockfile {
  readonly packages: Readonly<Record<string, LockEntry>>;
}

declare module '*/scripts/complete-lockfile.mjs' {
  export function missingPackages(packages: Lockfile['packages']): readonly { readonly name: string }[];
  export function completeLockfile(lock: Lockfile): Lockfile;
}

declare module '*/scripts/licenses.mjs' {
  export function isAllowed(expression: string, allowed: readonly string[]): boolean;
  export function listLicences(lock: Lockfile): readonly {
    readonly name: string;
    readonly version?: string;
    readonly licence: string;
    readonly allowed: boolean;
    readonly reason?: string;
  }[];
}

declare module '*/scripts/sbom.mjs' {
  export function addModels(
    document: { readonly components: readonly object[] },
    manifests: readonly object[],
  ): { readonly components: readonly object[] };
}
