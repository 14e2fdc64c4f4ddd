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
  export function nameSubject(
    document: { readonly metadata: object },
    name: string,
  ): { readonly metadata: object };
}

interface Programs {
  readonly root: string;
  readonly programs: readonly string[];
}

declare module '*/scripts/image/plan-image.mjs' {
  export const OPENED_BY_NAME: readonly {
    readonly by: string;
    readonly files?: readonly string[];
    readonly programs?: readonly string[];
  }[];
  export function traceModules(given: Programs): Promise<{
    readonly modules: ReadonlySet<string>;
    readonly packages: ReadonlySet<string>;
  }>;
}

declare module '*/scripts/copy-program.mjs' {
  interface Copy extends Programs {
    readonly folder: string;
  }
  export function copyProgram(copy: Copy): Promise<{ readonly files: number; readonly packages: number }>;
  export function loadPackages(copy: Copy): Promise<void>;
}

declare module '*/scripts/check-release.mjs' {
  export const PLACES: readonly { readonly file: string }[];
  export function releaseFaults(tag: string, read: (file: string) => string): readonly string[];
  export function changelogSection(text: string, version: string): string | undefined;
}
