/** Where HAProxy 2.6 and this library do not come to the same value. */

/** What is asked, what the two come to, and why. */
export interface Difference {
  readonly text: RegExp
  readonly ours: RegExp
  readonly theirs: RegExp
  /** Of the requests alone that match. */
  readonly request?: RegExp
  readonly why: string
}

const none = /^\(nothing\)$/

export const differences: readonly Difference[] = [
  {
    text: /^(?:(?:req|res)\.(?:hdr|cook)|urlp)_val/,
    ours: /^\d+$/,
    theirs: /^-?\d+$/,
    why: 'characters below the digits count as negative digits in 2.6, and end the number in later ones',
  },
  {
    text: /,word\(/,
    ours: none,
    theirs: /^$/,
    why: 'a word that is not there is an empty text in 2.6, and nothing in later ones and in the manual',
  },
  {
    text: /ipmask\(/,
    ours: /^\d+\.\d+\.\d+\.\d+$/,
    theirs: /:|^\(nothing\)$/,
    why: 'an IPv6 address that stands for an IPv4 one is not seen as such in 2.6, and is in later ones',
  },
  {
    text: /hdr_ip/,
    ours: /^::1$/,
    theirs: none,
    why: 'brackets around an IPv6 address are of later versions',
  },
  { text: /json_query/, ours: /^\[/, theirs: none, why: 'arrays are of later versions' },
  {
    text: /json_query/,
    ours: /^"\\\//,
    theirs: none,
    why: 'an escaped slash, which JSON has, is none to HAProxy',
  },
  {
    text: /http_auth_bearer\(/,
    ours: none,
    theirs: /^$/,
    why: 'a field that is not there, or says something else, has no token: an empty one would be taken for one',
  },
  {
    text: /b64dec$/,
    ours: none,
    theirs: /^$|\xff/,
    why: 'padding where there may be none is decoded to rubbish in 2.6, and refused in later ones',
  },
  {
    text: /,(?:hex2i|mul\(3\))$/,
    ours: /^-?(?:80684520911381442|27021597764222972)/,
    theirs: /^-?(?:80684520911381438|27021597764222973)/,
    why: 'beyond 2^53 numbers are rounded',
  },
  {
    text: /,(?:add|sub)\(/,
    ours: /^-|7$/,
    theirs: /^922337203685477580[67]$/,
    why: 'two negative numbers make the largest one in 2.6, and their sum in later ones',
  },
  {
    text: /,(?:http_date|[lu]time)\(/,
    request: /^X: (?:-|9007199254740991$)/m,
    ours: /./,
    theirs: /./,
    why: 'a time before 1970 is one far in the future to HAProxy; and there is no year beyond 275760 here',
  },
]
