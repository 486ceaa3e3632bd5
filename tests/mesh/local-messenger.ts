import { Messaging, type MessagingOptions } from "../../mesh/messaging/messaging.ts";

/** A mesh of the one node `surf`, for plugins to be tested with. */
export function localMessenger(options: Partial<MessagingOptions> = {}): Messaging {
  return new Messaging({
    nodeName: "surf",
    // What plugins throw is theirs to hear of.
    onCallbackError: () => {},
    onHandlerError: () => {},
    ...options,
  });
}
