import { dirname } from "node:path";
import { errorCode } from "../socket-trouble.ts";

/** Why nothing could be written, and what to do. */
export function fileTrouble(path: string, error: unknown): string {
  const code = errorCode(error);
  switch (code) {
    case "ENOENT":
      return `${path}: the folder ${dirname(path)} is not there; make it`;
    case "ENOTDIR":
      return `${path}: ${dirname(path)} is no folder; see url`;
    case "EACCES":
    case "EPERM":
      return `${path}: the user that runs the node may not write there; change the permissions`;
    case "ENOSPC":
      return `${path}: the disk is full; make room`;
    case "EDQUOT":
      return `${path}: the quota of the user that runs the node is used up; make room`;
    case "EFBIG":
      return `${path}: the file is as large as it may be; set rotate_bytes, or raise the limit`;
    case "EROFS":
      return `${path}: the file system is read-only; look into the system's log`;
    case "EISDIR":
      return `${path}: this is a folder; name a file in it`;
    case "EMFILE":
    case "ENFILE":
      return `${path}: too many files are open; raise the limit`;
    case undefined:
      return error instanceof Error ? error.message : `${path}: it cannot be written`;
    default:
      return `${path}: it cannot be written (${code})`;
  }
}
