/* The shapes on the wire (docs/reference/protocol.md) and of what the client keeps. Types only: no code is loaded from here. */
export type User = { id: number; username: string; name: string; avatar?: string | null };
export type Quote = { id: number; position: number; author: User | null; excerpt: string; deleted: boolean };
export type Reaction = { emoji: string; users: number[] };
export type Message = {
  id: number; room: number; position: number; seq: number; rev: number; client_id: string; author: User | null;
  body: string; html: string; at: string; edited_at: string | null; deleted: boolean; reply_to: Quote | null; reactions: Reaction[];
};
export type Kind = "open" | "private" | "direct";
export type Role = "owner" | "moderator" | "member";
export type RoomInfo = {
  id: number; slug: string; name: string; description: string; kind: Kind; seq: number; count: number; members: number;
  archived: boolean; at: string;
};
export type MyRoom = RoomInfo & { role: Role; read: number; online: number; on: number[] | null; people?: User[] };
export type ListedRoom = RoomInfo & { online: number; member: boolean };
export type Member = { user: User; role: Role; online: boolean };
/** Any frame of the server; the fields depend on the type. */
export type Frame = { type: string; ref?: number | null; [field: string]: any };
/** A numbered event that is shown as a grey line. */
export type Notice = Frame & { room: number; seq: number; at: string; actor: User | null };
export type Pending = {
  client_id: string; room: number; body: string; reply_to: Quote | null; at: string;
  state: "waiting" | "sent" | "failed"; code?: string; detail?: string;
};
export type Failure = { code: string; detail: string; retry_after?: number; fields?: Record<string, string> };
export type Config = {
  base: string; ws: string; api: string; icon: string; user: User; language: string; place: string;
  links: Record<string, string>; slug: string; position: number | null;
};
