/** The hooks that a push can make git run, directly or by the gits that it starts (githooks). */
export const pushHookNames = [
  'pre-receive',
  'update',
  'proc-receive',
  'post-receive',
  'post-update',
  'reference-transaction',
  'push-to-checkout',
  'pre-auto-gc',
  'post-index-change',
  'post-checkout',
] as const;
