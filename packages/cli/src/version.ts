/** Of the command line: package.json's, held against it by version.test.ts. */
export const version = "0.1.0";
