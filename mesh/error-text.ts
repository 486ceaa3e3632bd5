/** What an error says, whatever was thrown; never throws itself. */
export function errorText(error: unknown): string {
  if (error instanceof Error) return error.message;
  try {
    return String(error);
  } catch {
    return "something that cannot be shown was thrown";
  }
}
