/** The numbers of the admin port's packets, and of what is in them. */

/** What this side sends. */
export const AdminPacket = {
  join: 0,
  quit: 1,
  updateFrequency: 2,
  poll: 3,
  chat: 4,
  rcon: 5,
  ping: 7,
  externalChat: 8,
} as const;

/** What the server sends, as far as it is read here. */
export const ServerPacket = {
  full: 100,
  banned: 101,
  error: 102,
  protocol: 103,
  welcome: 104,
  newGame: 105,
  shutdown: 106,
  clientJoin: 108,
  clientInfo: 109,
  clientUpdate: 110,
  clientQuit: 111,
  clientError: 112,
  chat: 119,
  rcon: 120,
  rconEnd: 125,
  pong: 126,
} as const;

/** No packet of a server has a lower number: whatever sends one is no admin port. */
export const SERVER_PACKET_MIN = 100;

/** What updates are to be had of. */
export const Update = { clients: 1, chat: 5 } as const;

/** At once, whenever something changes; as a bit of those that a server offers. */
export const FREQUENCY_AUTOMATIC = 0x40;

export const ChatAction = { all: 3, team: 4, private: 5 } as const;

/** To everybody. */
export const DESTINATION_ALL = 0;

/** To the one client that is named. */
export const DESTINATION_CLIENT = 2;

/** Instead of a number of a client. */
export const ALL_CLIENTS = 0xff_ff_ff_ff;

/** The server counts as a client; what it says is the doing of its owner, this client among them. */
export const SERVER_CLIENT_ID = 1;

/** Of the game's error codes those that call for words of their own. */
export const GameError = {
  connectionLost: 3,
  illegalPacket: 4,
  notAuthorized: 6,
  notExpected: 7,
  wrongPassword: 10,
  kicked: 12,
  full: 14,
  notOnAllowList: 21,
  noAuthenticationMethod: 22,
} as const;
