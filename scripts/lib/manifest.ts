// package.json as it is published: what leads to source in the repository leads to what was built.

type Target = string | { readonly types: string; readonly default: string };

interface Manifest {
  readonly name: string;
  readonly exports?: Readonly<Record<string, Target>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** In the command line's one file already. */
const bundled = ["commander"];

/**
 * @param text a package's package.json
 * @param workspace the repository's: what brings Node.js along stands there, and a program is published with it
 */
export function publishedManifest(text: string, workspace: string): Manifest {
  const manifest = JSON.parse(text) as Manifest;
  const { optionalDependencies } = JSON.parse(workspace) as Manifest;
  const { exports, dependencies } = manifest;
  return {
    ...manifest,
    ...("bin" in manifest && { optionalDependencies }),
    ...(exports !== undefined && {
      exports: Object.fromEntries(Object.entries(exports).map(([name, path]) => [name, built(path)])),
    }),
    ...(dependencies !== undefined && {
      dependencies: Object.fromEntries(
        Object.entries(dependencies).filter(([name]) => !bundled.includes(name)),
      ),
    }),
  };
}

function built(path: Target): Target {
  if (typeof path !== "string") return path;
  const [, stem] = path.match(/^\.\/src\/(.*)\.ts$/) ?? [];
  if (stem === undefined) return path;
  return { types: `./lib/${stem}.d.ts`, default: `./lib/${stem}.js` };
}
