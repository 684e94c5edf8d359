// Few names, so that they meet.

export const containers = ["c1", "c2", "c3", "c4"] as const;
