import tseslint from 'typescript-eslint'

/** Only `src/host` may open files, sockets and processes, so that every such error can name what it was about. */
const hostOnly = ['http', 'https', 'fs', 'fs/promises', 'child_process', 'net', 'dgram', 'dns', 'dns/promises'].flatMap(
  (name) => [
    { name, message: 'Only src/host talks to the operating system; call it instead.' },
    { name: `node:${name}`, message: 'Only src/host talks to the operating system; call it instead.' },
  ],
)

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'examples/**'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js', '.dependency-cruiser.mjs'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      // `using guard = …` is used by being disposed of.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreUsingDeclarations: true }],
      'max-lines': ['error', { max: 320, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/host/**', 'src/**/*.test.ts'],
    rules: { 'no-restricted-imports': ['error', { paths: hostOnly }] },
  },
  {
    files: ['**/*.test.ts', 'tests/**/*.ts'],
    // node:test returns promises that the runner itself awaits.
    rules: { '@typescript-eslint/no-floating-promises': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  { files: ['scripts/**', 'bench/**'], rules: { 'no-console': 'off' } },
  { files: ['eslint.config.js', '.dependency-cruiser.mjs'], ...tseslint.configs.disableTypeChecked },
)
