/** Errors: what failed, why, and what to do next. */
export { REQUIRED_NODE } from './node-version.ts';
export {
  AppError,
  CopyError,
  IntegrityError,
  RegistryError,
  registryErrorOf,
  type AppErrorOptions,
  type CredentialsInfo,
  type RegistryErrorEntry,
  type RegistryErrorInfo,
} from './errors/app-error.ts';
export { EXIT_STATUS, type ErrorCode } from './errors/codes.ts';
