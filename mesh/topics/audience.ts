/** Whom a message on one topic is for. */
export interface Audience<Member> {
  /** Each gets the message. */
  readonly plain: readonly Member[];
  /** Of each group, one member gets it. Never an empty group. */
  readonly groups: ReadonlyMap<string, readonly Member[]>;
}

export interface Listener<Member> {
  readonly member: Member;
  readonly group: string | undefined;
}

/** Keeps the order, and who is listed twice is there twice. */
export function audienceOf<Member>(listeners: readonly Listener<Member>[]): Audience<Member> {
  const plain: Member[] = [];
  const groups = new Map<string, Member[]>();
  for (const { member, group } of listeners) {
    if (group === undefined) {
      plain.push(member);
      continue;
    }
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [member]);
    else members.push(member);
  }
  return { plain, groups };
}

/** As `audienceOf`, with each member once in `plain` and once in a group. */
export function distinctAudienceOf<Member>(
  listeners: readonly Listener<Member>[],
): Audience<Member> {
  const { plain, groups } = audienceOf(listeners);
  return {
    plain: [...new Set(plain)],
    groups: new Map([...groups].map(([group, members]) => [group, [...new Set(members)]])),
  };
}
